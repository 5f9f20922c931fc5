//! Facts as text, for `cotenant inspect class` and for tests that compare text.

use super::tables::{ClassFacts, MethodFacts, UnitFacts};
use crate::body::{Event, EventKind, NO_NAME, Test, Value};
use crate::vocabulary::{Name, ValueId};
use std::fmt::Write;

/// Renders one class. `text` gives a name's text: the unit's own table, or the deployment's once settled.
pub fn class<'n>(unit: &UnitFacts, class: &ClassFacts, text: &dyn Fn(Name) -> &'n str) -> String {
    let mut out = String::new();
    let view = View { unit, text };
    view.write_class(class, &mut out);
    out
}

struct View<'u, 'n> {
    unit: &'u UnitFacts,
    text: &'u dyn Fn(Name) -> &'n str,
}

// Writing to a string can't fail.
impl View<'_, '_> {
    fn write_class(&self, class: &ClassFacts, out: &mut String) {
        let _ = write!(out, "class {}", (self.text)(class.name));
        if class.super_name != NO_NAME {
            let _ = write!(out, " extends {}", (self.text)(class.super_name));
        }
        for interface in class.interfaces.of(&self.unit.lists) {
            let _ = write!(out, " implements {}", (self.text)(*interface));
        }
        out.push('\n');
        for field in class.fields.of(&self.unit.fields) {
            let kind = if field.access.is_static() { "static field" } else { "field" };
            let _ = writeln!(out, "  {kind} {} {}", (self.text)(field.name), (self.text)(field.desc));
        }
        for method in class.methods.of(&self.unit.methods) {
            let _ = writeln!(out, "  method {}{}", (self.text)(method.name), (self.text)(method.desc));
            self.write_body(method, out);
        }
    }

    fn write_body(&self, method: &MethodFacts, out: &mut String) {
        for (i, block) in self.unit.blocks_of(method).iter().enumerate() {
            let _ = write!(out, "    {i}:");
            for handler in self.unit.handlers(block) {
                let caught = if handler.catches == NO_NAME { "any" } else { (self.text)(handler.catches) };
                let _ = write!(out, " ^{} {caught}", handler.block);
            }
            out.push('\n');
            for (number, event) in (block.first_event()..).zip(self.unit.events_in(method, block)) {
                let _ = writeln!(out, "      {}", self.event(method, number, event));
            }
            let test = match block.test() {
                Test::None => String::new(),
                Test::IsNull(v) => format!("{} == null ", self.value(method, v, 0)),
                Test::NonNull(v) => format!("{} != null ", self.value(method, v, 0)),
                Test::IsZero(v) => format!("{} == 0 ", self.value(method, v, 0)),
                Test::NonZero(v) => format!("{} != 0 ", self.value(method, v, 0)),
                Test::Same(a, b) => format!("{} == {} ", self.value(method, a, 0), self.value(method, b, 0)),
                Test::Differ(a, b) => {
                    format!("{} != {} ", self.value(method, a, 0), self.value(method, b, 0))
                }
            };
            let edges: Vec<String> = self.unit.successors(block).iter().map(u16::to_string).collect();
            if !edges.is_empty() {
                let _ = writeln!(out, "      {test}-> {}", edges.join(" "));
            }
        }
    }

    fn event(&self, method: &MethodFacts, number: u16, event: &Event) -> String {
        let args: Vec<String> = self.unit.args(event).iter().map(|a| self.value(method, *a, 0)).collect();
        let result = if event.is_used() { format!("@{number} = ") } else { String::new() };
        format!("{result}{} {}({})", kind_text(event.kind), self.target(event), args.join(", "))
    }

    fn target(&self, event: &Event) -> String {
        if let Some(member) = event.member() {
            return self.unit.member_refs.get(member.index()).map_or(String::new(), |m| {
                format!("{}.{}:{}", (self.text)(m.owner), (self.text)(m.name), (self.text)(m.desc))
            });
        }
        event.name().map_or(String::new(), |n| (self.text)(n).escape_debug().to_string())
    }

    fn value(&self, method: &MethodFacts, id: ValueId, depth: u32) -> String {
        let value = self.unit.value(method, id);
        match value {
            Value::Unknown => "?".into(),
            Value::Null => "null".into(),
            Value::Int(n) => n.to_string(),
            Value::Str(name) => format!("{:?}", (self.text)(name)),
            Value::Class(name) => format!("{}.class", (self.text)(name)),
            Value::Param(0) if !method.access.is_static() => "this".into(),
            Value::Param(i) => format!("p{i}"),
            Value::Event(i) => format!("@{i}"),
            Value::Caught(block) => format!("caught{block}"),
            Value::Derived(source) if depth < 8 => format!("f({})", self.value(method, source, depth + 1)),
            Value::Derived(_) => "f(…)".into(),
            Value::Merge { .. } => {
                let inputs = self.unit.merge_inputs(value);
                let inputs: Vec<String> = inputs.iter().map(|v| self.value(method, *v, depth + 1)).collect();
                format!("{{{}}}", inputs.join(" | "))
            }
        }
    }
}

fn kind_text(kind: EventKind) -> &'static str {
    match kind {
        EventKind::InvokeVirtual => "virtual",
        EventKind::InvokeSpecial => "special",
        EventKind::InvokeStatic => "static",
        EventKind::InvokeInterface => "interface",
        EventKind::Lambda => "lambda",
        EventKind::Concat => "concat",
        EventKind::InvokeDynamic => "dynamic",
        EventKind::GetStatic => "getstatic",
        EventKind::PutStatic => "putstatic",
        EventKind::GetField => "getfield",
        EventKind::PutField => "putfield",
        EventKind::New => "new",
        EventKind::NewArray => "newarray",
        EventKind::ArrayLoad => "aload",
        EventKind::ArrayStore => "astore",
        EventKind::CheckCast => "cast",
        EventKind::InstanceOf => "instanceof",
        EventKind::ClassLiteral => "class",
        EventKind::Return => "return",
        EventKind::Throw => "throw",
        EventKind::MonitorEnter => "lock",
        EventKind::MonitorExit => "unlock",
    }
}
