//! Classes that configuration files of a deployment name: who is asked for them, and what comes of it.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod assembler;
mod cli_process;

use assembler::ClassAssembler;
use cli_process::run;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// What only the module `orders` has.
const OF_ORDERS: &str = "orders/Printer";

/// A deployment in folders: a base, and the modules billing and orders.
struct Deployment {
    folder: tempfile::TempDir,
    topology: &'static str,
}

impl Deployment {
    fn new(topology: &'static str) -> Self {
        let deployment = Self { folder: tempfile::tempdir().unwrap(), topology };
        deployment.class("base", "shop/Base");
        deployment.class("billing", "billing/Main");
        deployment.class("orders", "orders/Main");
        deployment.class("orders", OF_ORDERS);
        deployment
    }

    fn file(&self, unit: &str, name: &str, bytes: &[u8]) {
        let path = self.folder.path().join(unit).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn class(&self, unit: &str, name: &str) {
        let folder = if self.topology == "tomcat" && unit != "base" { "WEB-INF/classes/" } else { "" };
        self.file(unit, &format!("{folder}{name}.class"), &ClassAssembler::new(name).finish());
    }

    /// What is said of configured names: file and line, name, certainty, tenants.
    fn said(&self) -> Vec<String> {
        let path = |unit: &str| self.folder.path().join(unit).display().to_string();
        let modules = [format!("billing={}", path("billing")), format!("orders={}", path("orders"))];
        let base = path("base");
        let said = run(&[
            "scan",
            "--base",
            &base,
            "--module",
            &modules[0],
            "--module",
            &modules[1],
            "--topology",
            self.topology,
            "--only",
            "classloader/configured-*",
            "--format",
            "json",
            "--fail-on",
            "never",
        ]);
        let report: Value = serde_json::from_str(&said.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let line = |finding: &Value| {
            let at = &finding["location"];
            let unit = text(&at["archive"]);
            let unit = Path::new(&unit).file_name().unwrap().to_string_lossy().into_owned();
            let tenants: Vec<String> = finding["tenants"].as_array().unwrap().iter().map(text).collect();
            let (entry, class, certainty) =
                (text(&at["entry"]), text(&finding["class"]), text(&finding["certainty"]));
            format!("{unit}/{entry}:{} {class} {certainty} {}", at["line"], tenants.join("+"))
        };
        report["findings"].as_array().unwrap().iter().map(line).collect()
    }
}

/// What is said when billing has a file, and the base the class that reads it.
fn said_of(topology: &'static str, reader: &str, file: &str, text: &str) -> Vec<String> {
    let deployment = Deployment::new(topology);
    if !reader.is_empty() {
        deployment.class("base", reader);
    }
    deployment.file("billing", file, text.as_bytes());
    deployment.said()
}

#[test]
fn a_modules_file_that_names_another_modules_class_is_told_at_its_line() {
    let beans = "<beans>\n <bean class='billing.Main'/>\n <bean id='p' class='orders.Printer'/>\n</beans>";
    let reader = "org/springframework/beans/factory/xml/XmlBeanDefinitionReader";
    assert_eq!(
        said_of("sofa-ark", reader, "META-INF/spring/module.xml", beans),
        ["billing/META-INF/spring/module.xml:3 orders.Printer likely billing"]
    );
    assert_eq!(
        said_of("sofa-ark", reader, "applicationContext.xml", beans),
        ["billing/applicationContext.xml:3 orders.Printer likely billing"]
    );
    let unit =
        "<persistence><persistence-unit>\n<class>billing.Main</class>\n<class> orders.Printer\n</class>";
    assert_eq!(
        said_of("sofa-ark", "jakarta/persistence/Persistence", "META-INF/persistence.xml", unit),
        ["billing/META-INF/persistence.xml:3 orders.Printer likely billing"]
    );
    let imports = "# ours\nbilling.Main\norders.Printer # once\n";
    let reader = "org/springframework/boot/context/annotation/ImportCandidates";
    assert_eq!(
        said_of("sofa-ark", reader, "META-INF/spring/shop.AutoConfiguration.imports", imports),
        ["billing/META-INF/spring/shop.AutoConfiguration.imports:3 orders.Printer likely billing"]
    );
    let log =
        "log4j.rootLogger=INFO, A\nlog4j.appender.A=orders.Printer\nlog4j.appender.A.layout=gone.Layout\n";
    assert_eq!(
        said_of("sofa-ark", "org/apache/log4j/helpers/Loader", "log4j.properties", log),
        ["billing/log4j.properties:2 orders.Printer likely billing"]
    );
}

#[test]
fn a_library_of_the_base_that_asks_its_own_loader_does_not_get_the_modules_own_class() {
    let config = "<configuration>\n<appender name='A' class='billing.Main'/>\n</configuration>";
    let reader = "ch/qos/logback/classic/LoggerContext";
    assert_eq!(
        said_of("sofa-ark", reader, "logback.xml", config),
        ["billing/logback.xml:2 billing.Main likely billing"]
    );
    let deployment = Deployment::new("sofa-ark");
    deployment.class("billing", reader);
    deployment.file("billing", "logback.xml", config.as_bytes());
    assert!(deployment.said().is_empty());
}

#[test]
fn a_container_is_asked_for_what_its_descriptor_names() {
    let text = "<web-app>\n<servlet><servlet-class>\n orders.Printer</servlet-class></servlet>\n\
                <listener><listener-class>billing.Main</listener-class></listener></web-app>";
    assert_eq!(
        said_of("tomcat", "", "WEB-INF/web.xml", text),
        ["billing/WEB-INF/web.xml:3 orders.Printer likely billing"]
    );
    assert!(said_of("sofa-ark", "", "WEB-INF/web.xml", text).is_empty());
}

#[test]
fn a_file_in_utf_16_is_read() {
    let text = "\u{feff}<web-app><filter>\n<filter-class>orders.Printer</filter-class></filter></web-app>";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let deployment = Deployment::new("tomcat");
    deployment.file("billing", "WEB-INF/web.xml", &bytes);
    assert_eq!(deployment.said(), ["billing/WEB-INF/web.xml:2 orders.Printer likely billing"]);
}

#[test]
fn what_nobody_has_and_what_nobody_reads_is_not_told() {
    let reader = "org/springframework/core/io/support/SpringFactoriesLoader";
    let text = "shop.Base=gone.Optional,billing.Main\ngone.Type=orders.Printer\n\
                org.springframework.boot.diagnostics.FailureAnalyzer=orders.Printer\n";
    assert!(said_of("sofa-ark", reader, "META-INF/spring.factories", text).is_empty());
    let read = "shop.Base=orders.Printer";
    assert!(said_of("sofa-ark", "", "META-INF/spring.factories", read).is_empty());
    assert_eq!(said_of("sofa-ark", reader, "META-INF/spring.factories", read).len(), 1);
    assert!(said_of("sofa-ark", "", "META-INF/services/shop.Base", "orders.Printer").is_empty());
}

#[test]
fn what_no_code_can_miss_is_not_told_in_one_flat_class_path() {
    let reader = "org/springframework/core/io/support/SpringFactoriesLoader";
    let text = "shop.Base=orders.Printer";
    assert!(said_of("flat", reader, "META-INF/spring.factories", text).is_empty());
}

#[test]
fn descriptors_of_fragments_and_of_faces_are_read_with_the_applications_loader() {
    let fragment = "<web-fragment><listener>\n<listener-class>orders.Printer</listener-class>\n</listener>\
                    <filter><filter-class>billing.Main</filter-class></filter></web-fragment>";
    assert_eq!(
        said_of("tomcat", "", "WEB-INF/classes/META-INF/web-fragment.xml", fragment),
        ["billing/WEB-INF/classes/META-INF/web-fragment.xml:2 orders.Printer likely billing"]
    );
    let faces = "<faces-config><managed-bean>\n<managed-bean-class>billing.Main</managed-bean-class>\n\
                 <managed-bean-class>orders.Printer</managed-bean-class></managed-bean></faces-config>";
    let reader = "jakarta/faces/webapp/FacesServlet";
    assert_eq!(
        said_of("tomcat", reader, "WEB-INF/faces-config.xml", faces),
        ["billing/WEB-INF/faces-config.xml:3 orders.Printer likely billing"]
    );
    assert_eq!(
        said_of("sofa-ark", reader, "META-INF/faces-config.xml", faces),
        ["billing/META-INF/faces-config.xml:3 orders.Printer likely billing"]
    );
    assert!(said_of("tomcat", "", "WEB-INF/faces-config.xml", faces).is_empty());
}

#[test]
fn settings_of_log_managers_name_classes() {
    let logging = "handlers = billing.Main, orders.Printer\norders.level = FINE\n\
                   java.util.logging.ConsoleHandler.formatter=orders.Printer\n";
    assert_eq!(
        said_of("tomcat", "", "WEB-INF/classes/logging.properties", logging),
        [
            "billing/WEB-INF/classes/logging.properties:1 orders.Printer likely billing",
            "billing/WEB-INF/classes/logging.properties:3 orders.Printer likely billing",
        ]
    );
    assert!(said_of("sofa-ark", "", "logging.properties", logging).is_empty());
    let components = "log4j2.contextSelector=orders.Printer\nlog4j2.level=INFO\n";
    let reader = "org/apache/logging/log4j/util/LoaderUtil";
    assert_eq!(
        said_of("sofa-ark", reader, "log4j2.component.properties", components),
        ["billing/log4j2.component.properties:1 orders.Printer likely billing"]
    );
}

#[test]
fn a_spring_context_at_the_root_of_a_module_is_read() {
    let beans = "<beans>\n<bean class='orders.Printer'/>\n</beans>";
    let reader = "org/springframework/beans/factory/xml/XmlBeanDefinitionReader";
    assert_eq!(
        said_of("sofa-ark", reader, "applicationContext.xml", beans),
        ["billing/applicationContext.xml:2 orders.Printer likely billing"]
    );
}

#[test]
fn what_may_be_in_an_archive_that_was_not_read_whole_is_not_told() {
    let reader = "org/apache/log4j/helpers/Loader";
    let said = |broken: &str| {
        let deployment = Deployment::new("sofa-ark");
        deployment.class("base", reader);
        deployment.file("billing", "log4j.properties", b"log4j.appender.A=orders.Printer");
        deployment.file(broken, "shop/Broken.class", b"no class");
        deployment.said()
    };
    assert!(said("base").is_empty());
    assert!(said("billing").is_empty());
    assert_eq!(said("orders"), ["billing/log4j.properties:1 orders.Printer likely billing"]);
}
