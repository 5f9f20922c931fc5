//! Deployments about which the analysis and a JVM once disagreed, cut down to what matters.

use super::shapes::{ABSTRACT, Deployment, FINAL, Kind, Member, PRIVATE, PROTECTED, PUBLIC, STATIC, Shape};
use super::touches::Touch;

const BASE: usize = 0;
const BILLING: usize = 1;
const ORDERS: usize = 2;
const INVOKEVIRTUAL: u8 = 0xb6;
const INVOKESTATIC: u8 = 0xb8;
const INVOKEINTERFACE: u8 = 0xb9;
const PUTSTATIC: u8 = 0xb3;

/// A deployment, with what is thrown: loader, class, method (empty: the class itself), error; one that ends with `?` may
/// be thrown or not, and the analysis says so.
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
        method_that_stands_in_for_an_unimplemented_one(),
        class_that_the_loader_between_lacks(),
        call_behind_one_that_fails(),
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

/// A class that leaves a method of its interface out has one that stands in for it, if the interface has defaults. A call
/// by way of the class finds it, and nothing is imposed on the interface's loader; one by way of the interface is as ever.
/// Without a default there is no stand-in, but that is not looked at.
fn method_that_stands_in_for_an_unimplemented_one() -> Known {
    let price = shape("k8/a/Price", Kind::Concrete);
    let sell = member("sell", "(Lk8/a/Price;)V", PUBLIC | ABSTRACT);
    let mut seller = shape("k8/a/Seller", Kind::Interface);
    seller.methods = vec![sell.clone(), member("greet", "()V", PUBLIC)];
    let mut plain = shape("k8/a/Plain", Kind::Interface);
    plain.methods.push(sell.clone());
    let mut shop = shape("k8/b/Shop", Kind::Concrete);
    shop.interfaces = vec![1];
    let mut stall = shape("k8/b/Stall", Kind::Concrete);
    stall.interfaces = vec![2];
    let shapes: Vec<(Shape, &[usize])> = vec![
        (price, &[BASE, BILLING]),
        (seller, &[BASE]),
        (plain, &[BASE]),
        (shop, &[BILLING]),
        (stall, &[BILLING]),
    ];
    let touches = vec![
        (BILLING, "a", call(INVOKEVIRTUAL, "k8/b/Shop", sell.clone())),
        (BILLING, "a", call(INVOKEINTERFACE, "k8/a/Seller", sell.clone())),
        (BILLING, "a", call(INVOKEVIRTUAL, "k8/b/Stall", sell)),
    ];
    let thrown = vec![
        ("billing", "k8.a.Ofbilling", "t0Ofbilling", "LinkageError?"),
        ("billing", "k8.a.Ofbilling", "t1Ofbilling", "LinkageError"),
        ("billing", "k8.a.Ofbilling", "t2Ofbilling", "LinkageError?"),
    ];
    (deployment("k8", shapes, touches), thrown)
}

/// Two modules have each a class of their own that the base lacks, and call a method of the base that takes it: the one
/// that comes first decides what the base's loader means by the name, and the other one fails.
fn class_that_the_loader_between_lacks() -> Known {
    let price = shape("k9/a/Price", Kind::Concrete);
    let mut shop = shape("k9/a/Shop", Kind::Concrete);
    let sell = member("sell", "(Lk9/a/Price;)V", PUBLIC | STATIC);
    shop.methods.push(sell.clone());
    let shapes: Vec<(Shape, &[usize])> = vec![(price, &[BILLING, ORDERS]), (shop, &[BASE])];
    let touches = vec![
        (BILLING, "a", call(INVOKESTATIC, "k9/a/Shop", sell.clone())),
        (ORDERS, "a", call(INVOKESTATIC, "k9/a/Shop", sell)),
    ];
    let thrown = vec![
        ("billing", "k9.a.Ofbilling", "t0Ofbilling", "LinkageError?"),
        ("orders", "k9.a.Oforders", "t0Oforders", "LinkageError?"),
    ];
    (deployment("k9", shapes, touches), thrown)
}

/// The object can't be made, by its class's constructor or by one that this calls, and the method that is missing is never
/// called.
fn call_behind_one_that_fails() -> Known {
    let mut shop = shape("k10/a/Shop", Kind::Concrete);
    shop.constructor = PRIVATE;
    let mut kiosk = shape("k10/b/Kiosk", Kind::Concrete);
    kiosk.super_class = Some(0);
    let sell = member("sell", "()V", PUBLIC);
    let newer = Shape { methods: vec![sell.clone()], constructor: PUBLIC, ..shop.clone() };
    let on_new = |owner: &str| Touch::OnNew { owner: owner.to_owned(), member: sell.clone() };
    let touches = vec![(BILLING, "b", on_new("k10/a/Shop")), (BILLING, "b", on_new("k10/b/Kiosk"))];
    let shapes: Vec<(Shape, &[usize])> = vec![(shop, &[BASE]), (kiosk, &[BILLING])];
    let mut deployment = deployment("k10", shapes, touches);
    deployment.copies[ORDERS][0] = Some(newer);
    let thrown = vec![
        ("billing", "k10.b.Ofbilling", "t0Ofbilling", "IllegalAccessError"),
        ("billing", "k10.b.Ofbilling", "t1Ofbilling", "IllegalAccessError"),
    ];
    (deployment, thrown)
}
