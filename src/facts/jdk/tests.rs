//! What the embedded model says about the platform.

use super::*;
use crate::body::NO_NAME;
use crate::vocabulary::Name;
use std::collections::BTreeMap;

fn class_index(unit: &UnitFacts) -> BTreeMap<&str, &crate::facts::ClassFacts> {
    unit.classes.iter().map(|class| (unit.names.text_of(class.name), class)).collect()
}

#[test]
fn the_embedded_model_is_java_17_and_no_larger_than_it_need_be() {
    let model = embedded_model().unwrap();
    assert_eq!(model.release, 17);
    assert!(EMBEDDED.len() < 900 << 10, "{} bytes", EMBEDDED.len());
    assert!(model.unit.classes.len() > 4000 && model.unit.methods.len() > 40_000);
    assert_eq!(model.encode(), EMBEDDED);
}

#[test]
fn the_model_knows_what_is_exported() {
    let model = embedded_model().unwrap();
    for package in
        ["java/lang", "java/util/concurrent", "javax/management", "java/sql", "sun/misc", "org/w3c/dom"]
    {
        assert!(model.exports(package), "{package}");
    }
    for package in ["jdk/internal/misc", "sun/nio/ch", "javax/servlet", ""] {
        assert!(!model.exports(package), "{package}");
    }
    assert!(model.packages.is_sorted());
}

#[test]
fn members_are_found_with_their_flags() {
    let unit = embedded().unwrap();
    let classes = class_index(&unit);
    let name = |name: Name| unit.names.text_of(name);
    let method = |class: &str, wanted: &str, desc: &str| {
        let mut methods = classes[class].methods.of(&unit.methods).iter();
        methods.find(|m| name(m.name) == wanted && name(m.desc) == desc)
    };
    assert!(
        method("java/lang/ThreadLocal", "remove", "()V").is_some_and(|m| m.access.is_public() && !m.has_body)
    );
    assert!(
        method("java/lang/System", "setOut", "(Ljava/io/PrintStream;)V")
            .is_some_and(|m| m.access.is_static())
    );
    assert!(
        method("java/lang/Object", "clone", "()Ljava/lang/Object;").is_some_and(|m| m.access.is_native())
    );
    assert!(method("java/lang/Object", "<init>", "()V").is_some());
    let out = classes["java/lang/System"].fields.of(&unit.fields).iter().find(|f| name(f.name) == "out");
    assert!(out.is_some_and(|f| name(f.desc) == "Ljava/io/PrintStream;" && f.access.is_final()));
    let private = unit.methods.iter().filter(|m| m.access.is_private()).count();
    assert_eq!(private, 0);
    assert!(classes["java/lang/String"].methods.of(&unit.methods).iter().all(|m| name(m.name) != "<clinit>"));
}

#[test]
fn methods_declare_what_they_throw() {
    let unit = embedded().unwrap();
    let classes = class_index(&unit);
    let throws = |class: &str, wanted: &str| -> Vec<&str> {
        let methods = classes[class].methods.of(&unit.methods).iter();
        let named = methods.filter(|m| unit.names.text_of(m.name) == wanted);
        named.flat_map(|m| unit.throws_of(m)).map(|n| unit.names.text_of(*n)).collect()
    };
    assert_eq!(throws("java/io/Closeable", "close"), ["java/io/IOException"]);
    assert_eq!(throws("java/lang/Process", "exitValue"), [""; 0]);
    assert_eq!(throws("java/util/concurrent/BlockingQueue", "put"), ["java/lang/InterruptedException"]);
}

#[test]
fn hierarchies_are_complete_up_to_object() {
    let unit = embedded().unwrap();
    let classes = class_index(&unit);
    for class in &unit.classes {
        let text = unit.names.text_of(class.name);
        assert_eq!(class.super_name == NO_NAME, text == "java/lang/Object", "{text}");
        let supers = class.interfaces.of(&unit.lists).iter().chain([&class.super_name, &class.outer]);
        for other in supers.filter(|other| **other != NO_NAME) {
            let other = unit.names.text_of(*other);
            assert!(classes.contains_key(other), "{text} needs {other}");
        }
    }
    assert!(!classes["java/lang/AbstractStringBuilder"].access.is_public());
    assert_eq!(unit.names.text_of(classes["java/util/Map$Entry"].outer), "java/util/Map");
    assert!(classes["java/util/Map$Entry"].access.is_static());
    assert!(classes["java/lang/constant/ConstantDesc"].permitted.len > 0);
    assert!(classes["java/util/concurrent/TimeUnit"].access.is_enum());
}

#[test]
fn homes_that_are_none_are_told_apart() {
    let missing = model_from_home(Path::new("no/such/home")).err().unwrap();
    assert_eq!(missing.code, ProblemCode::MissingInput);
    let home = tempfile::tempdir().unwrap();
    let empty = model_from_home(home.path()).err().unwrap();
    assert!(empty.message.contains("lib/modules"), "{}", empty.message);
    std::fs::create_dir_all(home.path().join("jre/lib")).unwrap();
    std::fs::write(home.path().join("jre/lib/rt.jar"), b"PK").unwrap();
    let java8 = model_from_home(home.path()).err().unwrap();
    assert!(java8.message.contains("jre/lib/rt.jar"), "{}", java8.message);
}

#[test]
fn releases_are_read_in_both_numberings() {
    assert_eq!(release_number("IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"17.0.15\"\n"), Some(17));
    assert_eq!(release_number("JAVA_VERSION=\"1.8.0_402\""), Some(8));
    assert_eq!(release_number("JAVA_VERSION=\"25\""), Some(25));
    assert_eq!(release_number("JAVA_VERSION=\"25-ea\""), Some(25));
    assert_eq!(release_number("nothing"), None);
}
