//! `inspect`: the scanner's view of the demo.
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail")]

mod cli_process;

use cli_process::run;

fn inspect(arguments: &[&str]) -> String {
    let said = run(&[&["inspect"], arguments, &["fixtures/demo"]].concat());
    assert_eq!(said.code, 0, "{}", said.stderr);
    said.stdout
}

#[test]
fn loaders_are_shown_with_what_they_ask_and_hold() {
    let text = inspect(&["loaders"]);
    assert!(text.starts_with("topology sofa-ark\n"), "{text}");
    assert!(text.contains("loader base: 39 classes, shared"), "{text}");
    assert!(text.contains("    fixtures/demo/base.jar!/BOOT-INF/lib/acme-json-2.3.1.jar\n"), "{text}");
    assert!(text.contains("loader catalogue: 8 classes\n  classes: jdk, then base"), "{text}");
}

#[test]
fn a_lookup_is_followed_step_by_step() {
    let text = inspect(&["resolve", "com.acme.shop.TaxRates", "--from", "billing"]);
    assert!(text.contains("  billing: own path   nothing\n"), "{text}");
    assert!(text.ends_with("defined by base, from fixtures/demo/base.jar\n"), "{text}");
    let text = inspect(&["resolve", "com.acme.orders.Order", "--from", "billing"]);
    assert!(text.contains("not found"), "{text}");
    assert!(
        text.ends_with("other classes of this name:\n  orders, from fixtures/demo/orders.jar\n"),
        "{text}"
    );
}

#[test]
fn a_resource_is_looked_up_in_the_order_of_the_container() {
    let ask = |name: &str| run(&["inspect", "resource", name, "--from", "billing", "fixtures/tomcat"]).stdout;
    let first = "billing, from fixtures/tomcat/billing.war";
    let library = "billing, from fixtures/tomcat/billing.war!/WEB-INF/lib/acme-labels-1.0.jar";
    assert_eq!(
        ask("labels.properties"),
        format!(
            "labels.properties asked of billing (tomcat)\ngetResource: {first}\ngetResources:\n  {first}\n  {library}\n"
        )
    );
    let nothing = ask("WEB-INF/web.xml");
    assert!(nothing.ends_with("getResource: null\ngetResources: none\n"), "{nothing}");
    let unknown = run(&["inspect", "resource", "x", "--from", "nobody", "fixtures/tomcat"]);
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
}

#[test]
fn a_class_is_shown_with_the_names_its_code_uses() {
    let text = inspect(&["class", "com.acme.shop.TaxRates"]);
    assert!(text.contains("# shared by tenants, application code"), "{text}");
    assert!(text.contains("getstatic com/acme/shop/TaxRates.RATES:Ljava/util/Map;"), "{text}");
}

#[test]
fn calls_are_followed_in_both_directions() {
    let callers = inspect(&["callers", "com.acme.registry.ServiceRegistry.register"]);
    assert!(callers.contains("reached by billing, orders"), "{callers}");
    assert!(callers.contains("com.acme.shop.ModuleContext.announce(java.lang.String, java.lang.Object) ("));
    let callees = inspect(&["callees", "com.acme.shop.ModuleContext.announce(Ljava/lang/String;"]);
    assert!(callees.contains("com.acme.registry.ServiceRegistry.register("), "{callees}");
}

#[test]
fn writers_of_a_field_are_told_with_the_tenants_that_run_them() {
    let text = inspect(&["writers", "com.acme.shop.TaxRates.RATES"]);
    assert!(text.starts_with("static java.util.Map com.acme.shop.TaxRates.RATES of base\n"), "{text}");
    assert!(text.contains("    initialiser  com.acme.shop.TaxRates.<clinit>() (TaxRates.java:"), "{text}");
}

#[test]
fn who_changes_what_a_field_holds_is_told_beside_its_writers() {
    let text = inspect(&["writers", "com.acme.registry.ServiceRegistry.SERVICES"]);
    assert!(text.contains("  what it holds is changed by\n    billing, orders  "), "{text}");
    assert!(text.contains("ServiceRegistry.register("), "{text}");
    assert!(text.contains(", by Map.put\n"), "{text}");
}

#[test]
fn how_to_read_a_method_is_in_the_help() {
    let help = run(&["inspect", "class", "--help"]).stdout;
    for sign in ["@7 = ", "caught2", "{a | b}", "-> 3 1", "f(x)"] {
        assert!(help.contains(sign), "{sign}: {help}");
    }
    assert!(run(&["inspect", "--help"]).stdout.contains("cotenant inspect class --help"));
}
