//! Manifests, Maven coordinates and descriptors.

use cotenant::facts::archive::{MAX_ANY_XML_SIZE, MAX_DESCRIPTOR_SIZE, wanted};
use cotenant::facts::{ArchiveFacts, Coordinates, Manifest};
use cotenant::vocabulary::ProblemCode;

fn gav(group: &str, artifact: &str, version: &str) -> Option<Coordinates> {
    Some(Coordinates { group: group.into(), artifact: artifact.into(), version: version.into() })
}

#[test]
fn lines_of_a_manifest_may_end_in_three_ways_and_be_continued() {
    for end in ["\r\n", "\n", "\r"] {
        let text =
            ["Manifest-Version: 1.0", "Ark-Biz-Name: bil", " ling", "Empty:", "", "Name: a/", "Other: 1"];
        let manifest = Manifest::parse(text.join(end).as_bytes());
        assert_eq!(manifest.attributes.len(), 3);
        assert_eq!(manifest.get("ark-biz-NAME"), Some("billing"));
        assert_eq!(manifest.get("Empty"), Some(""));
        assert_eq!(manifest.get("Other"), None);
    }
}

#[test]
fn a_character_that_was_wrapped_in_its_middle_is_whole_again() {
    let manifest = Manifest::parse(b"Title: caf\xC3\n \xA9\n");
    assert_eq!(manifest.get("Title"), Some("café"));
}

#[test]
fn odd_manifests_are_read_as_far_as_they_make_sense() {
    let manifest = Manifest::parse(b"\xEF\xBB\xBF continued nothing\nno colon\nA: 1\na: 2\nB: x:y\nC:\xFF");
    assert_eq!(manifest.get("A"), Some("2"));
    assert_eq!(manifest.get("B"), Some("x:y"));
    assert_eq!(manifest.get("C"), Some("\u{FFFD}"));
    assert_eq!(Manifest::parse(b""), Manifest::default());
    assert_eq!(Manifest::parse(b"\nA: 1\n"), Manifest::default());
}

#[test]
fn lists_are_trimmed_and_have_no_empty_items() {
    let manifest = Manifest::parse(b"export-packages: a.b, c.*,,\n  d\n");
    assert_eq!(manifest.list("Export-Packages").collect::<Vec<_>>(), ["a.b", "c.*", "d"]);
    assert_eq!(manifest.list("none").count(), 0);
}

#[test]
fn multi_release_is_the_whole_value() {
    assert!(Manifest::parse(b"multi-release: TRUE\n").is_multi_release());
    assert!(!Manifest::parse(b"Multi-Release: true \n").is_multi_release());
    assert!(!Manifest::parse(b"A: 1\n\nMulti-Release: true\n").is_multi_release());
}

#[test]
fn coordinates_come_from_pom_properties() {
    let text = "#Generated\r\nversion = 1.2\r\ngroupId=com.acme\r\nartifactId=base\r\n";
    assert_eq!(Coordinates::from_pom_properties(text), gav("com.acme", "base", "1.2"));
    assert_eq!(Coordinates::from_pom_properties("groupId=x"), None);
}

#[test]
fn coordinates_come_from_a_file_name_up_to_its_first_version() {
    let of = Coordinates::from_file_name;
    assert_eq!(of("BOOT-INF/lib/spring-core-5.3.27.jar"), gav("", "spring-core", "5.3.27"));
    assert_eq!(of("log4j-1.2-api-2.17.1.jar"), gav("", "log4j", "1.2-api-2.17.1"));
    assert_eq!(of("guava-31.1-jre.jar"), gav("", "guava", "31.1-jre"));
    assert_eq!(of("json-20230227.jar"), None);
    assert_eq!(of("1.2-a.jar"), None);
    assert_eq!(of(""), None);
}

#[test]
fn the_best_coordinates_are_those_that_fit_the_file() {
    let mut facts =
        ArchiveFacts { path: "app.jar!/lib/acme-client-2.0.jar".into(), ..ArchiveFacts::default() };
    assert_eq!(facts.best_coordinates(), gav("", "acme-client", "2.0"));
    facts.add("META-INF/maven/x/shaded/pom.properties", b"groupId=x\nartifactId=shaded\nversion=1");
    assert_eq!(facts.best_coordinates(), gav("x", "shaded", "1"));
    facts.add("META-INF/maven/a/acme/pom.properties", b"groupId=a\nartifactId=acme\nversion=3");
    facts.add(
        "META-INF/maven/a/acme-client/pom.properties",
        b"groupId=a\nartifactId=acme-client\nversion=2.0",
    );
    assert_eq!(facts.best_coordinates(), gav("a", "acme-client", "2.0"));
    let mut named = ArchiveFacts { path: "tool.jar".into(), ..ArchiveFacts::default() };
    assert_eq!(named.best_coordinates(), None);
    named.add(
        "META-INF/MANIFEST.MF",
        b"Bundle-SymbolicName: com.acme.tool; singleton:=true\nImplementation-Version: 7\n",
    );
    assert_eq!(named.best_coordinates(), gav("", "com.acme.tool", "7"));
}

#[test]
fn descriptors_are_wanted_in_archives_and_class_folders() {
    for name in [
        "META-INF/MANIFEST.MF",
        "meta-inf/manifest.mf",
        "META-INF/maven/g/a/pom.properties",
        "META-INF/services/java.sql.Driver",
        "META-INF/services/sofa-ark/some.Hook",
        "META-INF/spring.factories",
        "META-INF/spring/a.b.AutoConfiguration.imports",
        "WEB-INF/web.xml",
        "META-INF/web-fragment.xml",
        "META-INF/persistence.xml",
        "com/alipay/sofa/ark/biz/mark",
        "conf/ark/bootstrap.yml",
        "BOOT-INF/classpath.idx",
        "BOOT-INF/classes/logback-spring.xml",
        "WEB-INF/classes/META-INF/spring.factories",
        "log4j2.yaml",
        "applicationContext.xml",
        "BOOT-INF/classes/application-prod.yml",
    ] {
        assert!(wanted(name), "{name}");
    }
    for name in [
        "A.class",
        "META-INF/services/",
        "META-INF/maven/g/a/pom.xml",
        "a/b/mapper.xml",
        "static/app.js",
        "mark",
        "log4j-core-2.20.0.jar",
        "config/application-1.0.jar",
    ] {
        assert!(!wanted(name), "{name}");
    }
}

#[test]
fn what_is_too_long_is_cut_and_told() {
    let mut facts = ArchiveFacts { path: "app.jar".into(), ..ArchiveFacts::default() };
    let problem = facts.add("META-INF/services/x.Y", &vec![b'a'; MAX_DESCRIPTOR_SIZE + 1]).unwrap();
    assert_eq!(problem.code, ProblemCode::MalformedDescriptor);
    assert_eq!((&*problem.place.archive, &*problem.place.entry), ("app.jar", "META-INF/services/x.Y"));
    assert_eq!(facts.descriptors[0].text.len(), MAX_DESCRIPTOR_SIZE);
    assert_eq!(facts.add("data.xml", &vec![b'a'; MAX_ANY_XML_SIZE + 1]), None);
    assert_eq!(facts.add("logback.xml", &vec![b'a'; MAX_ANY_XML_SIZE + 1]), None);
    assert_eq!(facts.descriptors.len(), 2);
    assert_eq!(facts.descriptors[1].entry, "logback.xml");
}
