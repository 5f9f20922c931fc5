//! Deployments about which the analysis and a JVM once disagreed, cut down to what matters.

use super::shapes::{ABSTRACT, Deployment, FINAL, Kind, Member, PRIVATE, PROTECTED, PUBLIC, STATIC, Shape};
use super::touches::Touch;

const BASE: usize = 0;
const BILLING: usize = 1;
const INVOKEVIRTUAL: u8 = 0xb6;
const INVOKESTATIC: u8 = 0xb8;
const INVOKEINTERFACE: u8 = 0xb9;
const PUTSTATIC: u8 = 0xb3;

/// A deployment, with what is thrown: loader, class, method (empty: the class itself), error.
pub(crate) type Known = (Deployment, Vec<(&'static str, &'static str, &'static str, &'static str)>);

/// All of them.
pub(crate) fn known() -> Vec<Known> {
    vec![
        final_field_in_its_own_class(),
        supertype_that_can_not_be_loaded_and_is_unfit(),
        class_that_can_not_be_loaded_in_a_descriptor(),
        protected_method_over_an_inherited_default(),
        private_method_of_an_interface_between(),
        class_that_the_parent_has_too(),
        two_copies_in_a_descriptor(),
    ]
}

fn shape(name: &str, kind: Kind) -> Shape {
    Shape {
        name: name.to_owned(),
        kind,
        access: PUBLIC,
        super_class: None,
        interfaces: Vec::new(),
        fields: Vec::new(),
        methods: Vec::new(),
        constructor: PUBLIC,
        catches: false,
        nest_host: None,
        nest_members: Vec::new(),
    }
}

fn member(name: &str, desc: &str, access: u16) -> Member {
    Member { name: name.to_owned(), desc: desc.to_owned(), access }
}

/// `has` names the loaders of each class.
fn deployment(
    name: &str,
    shapes: Vec<(Shape, &[usize])>,
    touches: Vec<(usize, &'static str, Touch)>,
) -> Deployment {
    let mut copies: [Vec<Option<Shape>>; 3] = Default::default();
    for (loader, copies) in copies.iter_mut().enumerate() {
        copies.extend(shapes.iter().map(|(shape, has)| has.contains(&loader).then(|| shape.clone())));
    }
    let design = shapes.into_iter().map(|(shape, _)| shape).collect();
    let exception = format!("{name}/b/Failure");
    Deployment { name: name.to_owned(), design, copies, exception, has_exception: [false; 3], touches }
}

fn call(opcode: u8, owner: &str, member: Member) -> Touch {
    Touch::Call { opcode, owner: owner.to_owned(), of_interface: opcode == INVOKEINTERFACE, member }
}

/// Since Java 9 only an initialiser may write a final field, though the class be the same.
fn final_field_in_its_own_class() -> Known {
    let mut rate = shape("k1/a/Rate", Kind::Concrete);
    rate.fields.push(member("percent", "I", PUBLIC | STATIC | FINAL));
    let set = Touch::Access {
        opcode: PUTSTATIC,
        owner: "k1/a/Rate".to_owned(),
        member: member("percent", "I", PUBLIC | STATIC),
    };
    let deployment = deployment("k1", vec![(rate, &[BASE])], vec![(BASE, "k1/a/Rate", set)]);
    (deployment, vec![("base", "k1.a.Rate", "t0Rate", "IllegalAccessError")])
}

/// A supertype is loaded before anybody looks whether it is fit to be one.
fn supertype_that_can_not_be_loaded_and_is_unfit() -> Known {
    let top = shape("k2/b/Top", Kind::Concrete);
    let mut middle = shape("k2/a/Middle", Kind::Concrete);
    (middle.super_class, middle.access) = (Some(0), PUBLIC | FINAL);
    let mut low = shape("k2/a/Low", Kind::Concrete);
    low.super_class = Some(1);
    let made = Touch::New("k2/a/Low".to_owned());
    let shapes: Vec<(Shape, &[usize])> = vec![(top, &[]), (middle, &[BASE]), (low, &[BASE])];
    let thrown = vec![
        ("base", "k2.a.Ofbase", "t0Ofbase", "NoClassDefFoundError"),
        ("base", "k2.a.Low", "", "NoClassDefFoundError"),
        ("base", "k2.a.Middle", "", "NoClassDefFoundError"),
    ];
    (deployment("k2", shapes, vec![(BASE, "a", made)]), thrown)
}

/// Loaders can't disagree about a class that one of them fails to load.
fn class_that_can_not_be_loaded_in_a_descriptor() -> Known {
    let top = shape("k3/b/Top", Kind::Concrete);
    let mut price = shape("k3/a/Price", Kind::Concrete);
    price.super_class = Some(0);
    let mut shop = shape("k3/a/Shop", Kind::Concrete);
    let sell = member("sell", "(Lk3/a/Price;)V", PUBLIC | STATIC);
    shop.methods.push(sell.clone());
    let shapes: Vec<(Shape, &[usize])> = vec![(top, &[BILLING]), (price, &[BASE, BILLING]), (shop, &[BASE])];
    let deployment = deployment("k3", shapes, vec![(BILLING, "a", call(INVOKESTATIC, "k3/a/Shop", sell))]);
    (deployment, vec![("base", "k3.a.Price", "", "NoClassDefFoundError")])
}

/// What a superclass has from an interface is overridden too, and the loaders have to agree about it.
fn protected_method_over_an_inherited_default() -> Known {
    let price = shape("k4/a/Price", Kind::Concrete);
    let mut seller = shape("k4/a/Seller", Kind::Interface);
    seller.methods.push(member("sell", "(Lk4/a/Price;)V", PUBLIC));
    let mut shop = shape("k4/b/Shop", Kind::Concrete);
    shop.interfaces = vec![1];
    let mut own = shape("k4/a/Own", Kind::Concrete);
    own.super_class = Some(2);
    own.methods.push(member("sell", "(Lk4/a/Price;)V", PROTECTED));
    let shapes: Vec<(Shape, &[usize])> =
        vec![(price, &[BASE, BILLING]), (seller, &[BASE]), (shop, &[BASE]), (own, &[BILLING])];
    let made = Touch::New("k4/a/Own".to_owned());
    let thrown = vec![
        ("billing", "k4.a.Own", "", "LinkageError"),
        ("billing", "k4.a.Ofbilling", "t0Ofbilling", "LinkageError"),
    ];
    (deployment("k4", shapes, vec![(BILLING, "a", made)]), thrown)
}

/// A private method of an interface implements nothing, and hides nothing.
fn private_method_of_an_interface_between() -> Known {
    let mut top = shape("k5/b/Top", Kind::Interface);
    top.methods.push(member("work", "()V", PUBLIC | ABSTRACT));
    let mut middle = shape("k5/b/Middle", Kind::Interface);
    middle.interfaces = vec![0];
    middle.methods.push(member("work", "()V", PRIVATE));
    let mut worker = shape("k5/a/Worker", Kind::Concrete);
    worker.interfaces = vec![1];
    let work = Touch::OnNew { owner: "k5/a/Worker".to_owned(), member: member("work", "()V", PUBLIC) };
    let shapes: Vec<(Shape, &[usize])> = vec![(top, &[BASE]), (middle, &[BASE]), (worker, &[BASE])];
    let deployment = deployment("k5", shapes, vec![(BASE, "a", work)]);
    (deployment, vec![("base", "k5.a.Ofbase", "t0Ofbase", "AbstractMethodError")])
}

/// Where the parent comes first, a copy behind it is never defined, and nothing in it runs.
fn class_that_the_parent_has_too() -> Known {
    let shop = shape("k6/a/Shop", Kind::Concrete);
    let touches = vec![(BASE, "a", Touch::Made("k6/a/Shop".to_owned()))];
    let shapes: Vec<(Shape, &[usize])> = vec![(shop, &[BASE, BILLING])];
    (deployment("k6", shapes, touches), Vec::new())
}

/// Both loaders have the class of the parameter, and each another one.
fn two_copies_in_a_descriptor() -> Known {
    let price = shape("k7/a/Price", Kind::Concrete);
    let mut shop = shape("k7/b/Shop", Kind::Concrete);
    let sell = member("sell", "([Lk7/a/Price;)V", PUBLIC);
    shop.methods.push(sell.clone());
    let shapes: Vec<(Shape, &[usize])> = vec![(price, &[BASE, BILLING]), (shop, &[BASE])];
    let deployment = deployment("k7", shapes, vec![(BILLING, "a", call(INVOKEVIRTUAL, "k7/b/Shop", sell))]);
    (deployment, vec![("billing", "k7.a.Ofbilling", "t0Ofbilling", "LinkageError")])
}
