//! Methods that touch one reference each.

use super::dice::Dice;
use super::shapes::{ABSTRACT, Deployment, Kind, Member, N_CLASSES, STATIC, Shape};

/// An instruction whose reference is resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Touch {
    New(String),
    Array(String),
    Literal(String),
    Cast(String),
    Asked(String),
    /// A method, found by an opcode on a null receiver.
    Call {
        opcode: u8,
        owner: String,
        of_interface: bool,
        member: Member,
    },
    /// A field.
    Access {
        opcode: u8,
        owner: String,
        member: Member,
    },
    /// An object is made, and a method of its class called on it.
    OnNew {
        owner: String,
        member: Member,
    },
    /// An object is made.
    Made(String),
}

const INVOKEVIRTUAL: u8 = 0xb6;
const INVOKESTATIC: u8 = 0xb8;
const INVOKEINTERFACE: u8 = 0xb9;
const GETSTATIC: u8 = 0xb2;

/// Touches of one class of a deployment.
pub(crate) fn touches(dice: &mut Dice, deployment: &Deployment, n: usize) -> Vec<Touch> {
    (0..n).map(|_| touch(dice, deployment)).collect()
}

fn touch(dice: &mut Dice, deployment: &Deployment) -> Touch {
    let at = dice.below(N_CLASSES);
    let design = &deployment.design[at];
    let name = design.name.clone();
    match dice.below(20) {
        0 => Touch::New(name),
        1 => Touch::Array(name),
        2 => Touch::Literal(name),
        3 => Touch::Cast(name),
        4 => Touch::Asked(name),
        5 => Touch::Made(name),
        6..=9 => on_new(dice, deployment, at),
        10..=13 => field(dice, deployment, at),
        _ => method(dice, deployment, at),
    }
}

/// What the caller was compiled against: the design, or what one of the archives has, or a supertype of it.
fn expected(dice: &mut Dice, deployment: &Deployment, at: usize) -> Shape {
    let mut shape = &deployment.design[at];
    for _ in 0..2 {
        let parents: Vec<usize> = shape.super_class.iter().chain(&shape.interfaces).copied().collect();
        if !parents.is_empty() && dice.percent(30) {
            shape = &deployment.design[*dice.one(&parents)];
        }
    }
    let of_loader = dice.below(3);
    let copies = deployment.copies[of_loader].iter().flatten();
    let copy = copies.into_iter().find(|copy| copy.name == shape.name).filter(|_| dice.percent(35));
    copy.unwrap_or(shape).clone()
}

fn method(dice: &mut Dice, deployment: &Deployment, at: usize) -> Touch {
    let shape = expected(dice, deployment, at);
    let Some(member) = (!shape.methods.is_empty()).then(|| dice.one(&shape.methods).clone()) else {
        return Touch::Literal(deployment.design[at].name.clone());
    };
    let mut of_interface = deployment.design[at].kind == Kind::Interface;
    if dice.percent(3) {
        of_interface = !of_interface;
    }
    let is_static = (member.access & STATIC != 0) != dice.percent(3);
    let opcode = match (is_static, of_interface) {
        (true, _) => INVOKESTATIC,
        (false, true) => INVOKEINTERFACE,
        (false, false) => INVOKEVIRTUAL,
    };
    Touch::Call { opcode, owner: deployment.design[at].name.clone(), of_interface, member }
}

fn field(dice: &mut Dice, deployment: &Deployment, at: usize) -> Touch {
    let shape = expected(dice, deployment, at);
    let Some(member) = (!shape.fields.is_empty()).then(|| dice.one(&shape.fields).clone()) else {
        return Touch::New(deployment.design[at].name.clone());
    };
    let is_static = (member.access & STATIC != 0) != dice.percent(3);
    // getstatic, putstatic, getfield, putfield
    let opcode = GETSTATIC + u8::from(dice.percent(40)) + if is_static { 0 } else { 2 };
    Touch::Access { opcode, owner: deployment.design[at].name.clone(), member }
}

/// A method that some archive's copy of the class or of an ancestor of it leaves to subclasses, if there is one.
fn on_new(dice: &mut Dice, deployment: &Deployment, at: usize) -> Touch {
    let owner = deployment.design[at].name.clone();
    if deployment.design[at].kind == Kind::Interface {
        return Touch::Made(owner);
    }
    let mut instance = Vec::new();
    let mut waiting = vec![at];
    while let Some(of) = waiting.pop() {
        let design = &deployment.design[of];
        waiting.extend(design.super_class.iter().chain(&design.interfaces));
        let copies = deployment.copies.iter().filter_map(|copies| copies[of].as_ref());
        let methods = copies.chain([design]).flat_map(|shape| &shape.methods);
        instance.extend(methods.filter(|m| m.access & STATIC == 0));
    }
    let is_abstract: Vec<&Member> = instance.iter().filter(|m| m.access & ABSTRACT != 0).copied().collect();
    let from = if is_abstract.is_empty() || dice.percent(20) { &instance } else { &is_abstract };
    if from.is_empty() {
        return Touch::Made(owner);
    }
    Touch::OnNew { owner, member: (*dice.one(from)).clone() }
}
