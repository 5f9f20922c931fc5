//! The classes of a deployment as somebody designed them, and the copies that base and modules really have.

use super::dice::Dice;
use super::touches::Touch;

pub(crate) const PUBLIC: u16 = 0x1;
pub(crate) const PRIVATE: u16 = 0x2;
pub(crate) const PROTECTED: u16 = 0x4;
pub(crate) const STATIC: u16 = 0x8;
pub(crate) const FINAL: u16 = 0x10;
pub(crate) const ABSTRACT: u16 = 0x400;
const ACCESS: u16 = PUBLIC | PRIVATE | PROTECTED;

/// Classes of one deployment.
pub(crate) const N_CLASSES: usize = 7;
/// Names of the loaders.
pub(crate) const LOADERS: [&str; 3] = ["base", "billing", "orders"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Concrete,
    Abstract,
    Interface,
}

/// A field or method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) desc: String,
    pub(crate) access: u16,
}

/// A class, whoever has it.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) access: u16,
    /// Numbers of its supertypes; lower than its own.
    pub(crate) super_class: Option<usize>,
    pub(crate) interfaces: Vec<usize>,
    pub(crate) fields: Vec<Member>,
    pub(crate) methods: Vec<Member>,
    pub(crate) constructor: u16,
    /// Whether one of its methods catches the deployment's exception.
    pub(crate) catches: bool,
    /// The host of its nest, and if it is one its members.
    pub(crate) nest_host: Option<String>,
    pub(crate) nest_members: Vec<String>,
}

/// A deployment.
#[derive(Clone, Debug)]
pub(crate) struct Deployment {
    pub(crate) name: String,
    pub(crate) design: Vec<Shape>,
    /// For each loader what it has of each class.
    pub(crate) copies: [Vec<Option<Shape>>; 3],
    /// Name of an exception, and which loaders have it.
    pub(crate) exception: String,
    pub(crate) has_exception: [bool; 3],
    /// Where to touch what: loader, package; empty for touches at random.
    pub(crate) touches: Vec<(usize, &'static str, Touch)>,
}

/// The `n`-th deployment.
pub(crate) fn deployment(n: usize) -> Deployment {
    let mut dice = Dice::new(n as u64 + 1);
    let name = format!("d{n}");
    let names: Vec<String> = (0..N_CLASSES).map(|i| class_name(&name, i)).collect();
    let mut design: Vec<Shape> = Vec::new();
    for i in 0..N_CLASSES {
        let shape = design_class(&mut dice, &names, &design, i);
        design.push(shape);
    }
    if dice.percent(50) {
        make_nest(&mut dice, &mut design);
    }
    let n_loaders = if dice.percent(65) { 3 } else { 2 };
    let mut copies: [Vec<Option<Shape>>; 3] = Default::default();
    for (loader, copies) in copies.iter_mut().enumerate() {
        for shape in &design {
            let share = [85, 45, 40][loader];
            let is_there = loader < n_loaders && dice.percent(share);
            copies.push(is_there.then(|| copy_of(&mut dice, &names, shape)));
        }
    }
    let exception = format!("{name}/b/Failure");
    let has_exception = [dice.percent(30), dice.percent(40), dice.percent(40)];
    Deployment { name, design, copies, exception, has_exception, touches: Vec::new() }
}

/// The two packages of a deployment have classes in each loader.
fn class_name(deployment: &str, i: usize) -> String {
    format!("{deployment}/{}/C{i}", if i % 3 == 2 { "b" } else { "a" })
}

fn design_class(dice: &mut Dice, names: &[String], before: &[Shape], i: usize) -> Shape {
    let kind = match dice.below(10) {
        0..=5 => Kind::Concrete,
        6 => Kind::Abstract,
        _ => Kind::Interface,
    };
    let of =
        |wanted: fn(Kind) -> bool| -> Vec<usize> { (0..i).filter(|j| wanted(before[*j].kind)).collect() };
    let (classes, interfaces) = (of(|k| k != Kind::Interface), of(|k| k == Kind::Interface));
    let has_super = kind != Kind::Interface && !classes.is_empty() && dice.percent(55);
    let super_class = has_super.then(|| *dice.one(&classes));
    let has_interface = !interfaces.is_empty() && dice.percent(50);
    let interfaces = if has_interface { vec![*dice.one(&interfaces)] } else { Vec::new() };
    let mut shape = Shape {
        name: names[i].clone(),
        kind,
        access: if dice.percent(93) { PUBLIC } else { 0 },
        super_class,
        interfaces,
        fields: Vec::new(),
        methods: Vec::new(),
        constructor: if dice.percent(90) { PUBLIC } else { *dice.one(&[PROTECTED, 0, PRIVATE]) },
        catches: dice.percent(6),
        nest_host: None,
        nest_members: Vec::new(),
    };
    for m in 0..1 + dice.below(3) {
        let desc = field_type(dice, names);
        let access = member_access(dice);
        shape.fields.push(Member { name: format!("f{m}"), desc, access });
    }
    for m in 0..2 + dice.below(3) {
        let method = design_method(dice, names, m, kind);
        shape.methods.push(method);
    }
    // Overriding happens where names and descriptors are the same.
    for parent in shape.super_class.iter().chain(&shape.interfaces) {
        for method in &before[*parent].methods {
            let must = method.access & ABSTRACT != 0 && kind == Kind::Concrete;
            if (must || dice.percent(25)) && shape.methods.iter().all(|m| !is_same(m, method)) {
                let access = if must { method.access & !ABSTRACT } else { member_access(dice) };
                shape.methods.push(Member { access, ..method.clone() });
            }
        }
    }
    settle(&mut shape);
    shape
}

fn is_same(a: &Member, b: &Member) -> bool {
    a.name == b.name && a.desc == b.desc
}

fn field_type(dice: &mut Dice, names: &[String]) -> String {
    match dice.below(5) {
        0 | 1 => "I".to_owned(),
        2 => format!("[L{};", dice.one(names)),
        _ => format!("L{};", dice.one(names)),
    }
}

fn design_method(dice: &mut Dice, names: &[String], m: usize, kind: Kind) -> Member {
    let mut desc = "(".to_owned();
    for _ in 0..dice.below(3) {
        desc += &field_type(dice, names);
    }
    desc += ")";
    desc += &if dice.percent(50) { "V".to_owned() } else { field_type(dice, names) };
    let mut access = member_access(dice);
    if kind != Kind::Concrete && dice.percent(45) {
        access = ABSTRACT | PUBLIC;
    } else if dice.percent(5) {
        access |= FINAL;
    }
    Member { name: format!("m{m}"), desc, access }
}

fn member_access(dice: &mut Dice) -> u16 {
    let access = *dice.one(&[PUBLIC, PUBLIC, PUBLIC, PUBLIC, PUBLIC, PROTECTED, PROTECTED, 0, 0, PRIVATE]);
    access | if dice.percent(35) { STATIC } else { 0 }
}

/// Two classes of a package that may use what is private in each other.
fn make_nest(dice: &mut Dice, design: &mut [Shape]) {
    let (host, member) = *dice.one(&[(0, 1), (1, 3), (3, 4), (2, 5)]);
    design[member].nest_host = Some(design[host].name.clone());
    design[host].nest_members = vec![design[member].name.clone()];
    for at in [host, member] {
        if let Some(method) = design[at].methods.first_mut().filter(|m| m.access & ABSTRACT == 0) {
            method.access = (method.access & !ACCESS) | PRIVATE;
        }
        settle(&mut design[at]);
    }
}

/// What one of the archives has: the class as designed, or an older or newer one.
fn copy_of(dice: &mut Dice, names: &[String], shape: &Shape) -> Shape {
    let mut copy = shape.clone();
    if dice.percent(55) {
        return copy;
    }
    for _ in 0..1 + dice.below(3) {
        change(dice, names, &mut copy);
    }
    settle(&mut copy);
    copy
}

fn change(dice: &mut Dice, names: &[String], copy: &mut Shape) {
    match dice.below(15) {
        0 | 1 => drop_one(dice, &mut copy.methods),
        2 => drop_one(dice, &mut copy.fields),
        3 | 4 => of_one(dice, &mut copy.methods, |_, m| m.access ^= STATIC),
        5 => of_one(dice, &mut copy.fields, |_, m| m.access ^= STATIC),
        6 => of_one(dice, &mut copy.methods, |dice, m| {
            m.access = (m.access & !ACCESS) | (member_access(dice) & ACCESS);
        }),
        7 => of_one(dice, &mut copy.fields, |dice, m| {
            m.access = (m.access & !ACCESS) | (member_access(dice) & ACCESS);
        }),
        8 => of_one(dice, &mut copy.methods, |dice, m| {
            m.desc = format!("(I){}", field_type(dice, names));
        }),
        9 => of_one(dice, &mut copy.methods, |_, m| m.access |= FINAL),
        10 => of_one(dice, &mut copy.fields, |_, m| m.access |= FINAL),
        11 => {
            copy.kind = match copy.kind {
                Kind::Interface | Kind::Abstract => Kind::Concrete,
                Kind::Concrete => *dice.one(&[Kind::Interface, Kind::Abstract]),
            };
        }
        12 => {
            let n = 7 + dice.below(2);
            let method = design_method(dice, names, n, copy.kind);
            copy.methods.push(method);
        }
        13 => copy.access ^= *dice.one(&[PUBLIC, FINAL, FINAL]),
        _ => match dice.below(3) {
            0 => copy.super_class = None,
            1 => copy.interfaces.clear(),
            _ => copy.constructor = *dice.one(&[PUBLIC, PROTECTED, 0, PRIVATE]),
        },
    }
}

fn drop_one(dice: &mut Dice, members: &mut Vec<Member>) {
    if !members.is_empty() {
        members.remove(dice.below(members.len()));
    }
}

fn of_one(dice: &mut Dice, members: &mut [Member], change: impl Fn(&mut Dice, &mut Member)) {
    if !members.is_empty() {
        let at = dice.below(members.len());
        change(dice, &mut members[at]);
    }
}

/// Makes flags those of a class file that is well-formed (JVMS 4.1, 4.5, 4.6).
fn settle(shape: &mut Shape) {
    let is_interface = shape.kind == Kind::Interface;
    if is_interface {
        shape.super_class = None;
        shape.access &= !FINAL;
        shape.catches = false;
    }
    if shape.kind == Kind::Abstract {
        shape.access &= !FINAL;
    }
    for field in shape.fields.iter_mut().filter(|_| is_interface) {
        field.access = PUBLIC | STATIC | FINAL;
    }
    let mut seen: Vec<Member> = Vec::new();
    for method in &mut shape.methods {
        if is_interface {
            method.access &= !FINAL;
            if method.access & PRIVATE == 0 {
                method.access = (method.access & !ACCESS) | PUBLIC;
            }
        } else if shape.kind == Kind::Concrete {
            method.access &= !ABSTRACT;
        }
        if method.access & ABSTRACT != 0 {
            method.access &= !(STATIC | FINAL);
            if method.access & PRIVATE != 0 {
                method.access = (method.access & !PRIVATE) | PUBLIC;
            }
        }
        if seen.iter().all(|m| !is_same(m, method)) {
            seen.push(method.clone());
        }
    }
    shape.methods = seen;
}
