//! What compilers before Java 5 wrote in another way than those of today.

mod assembler;

use assembler::ClassAssembler;
use cotenant::facts::UnitFacts;
use cotenant::facts::reduce::Reducer;

/// A field that keeps a class literal, with these attributes.
fn is_synthetic(attributes: &[&str]) -> bool {
    let mut class = ClassAssembler::new("shop/Price");
    let attributes: Vec<Vec<u8>> = attributes.iter().map(|name| class.attribute(name, &[])).collect();
    let field = class.member_info(0x8, "class$shop$Price", "Ljava/lang/Class;", &attributes);
    class.fields.push(field);
    let (mut unit, mut reducer) = (UnitFacts::default(), Reducer::new());
    reducer.begin_unit();
    reducer.add(&class.finish(), "shop/Price.class", &mut unit);
    unit.fields[0].access.is_synthetic()
}

#[test]
fn a_member_that_an_attribute_marks_is_no_source_code_of_anybody() {
    assert!(is_synthetic(&["Synthetic"]));
    assert!(!is_synthetic(&["Deprecated"]));
}
