//! Who defines what in each container.

mod topology_support;

use cotenant::topology::{CONTAINERS, Inputs, ModuleInput, Options, Topology, arrange};
use topology_support::{BIZ, PLUGIN, World, loader_of, tenants};

/// A base with a library `lib-1.0.jar` and a module `orders` that ships its own copy of one of its classes.
fn shop() -> (World, Inputs) {
    let mut w = World::new();
    let base = w.jar("base.jar", &["BOOT-INF/classes/base/App.class", "BOOT-INF/classes/conf.yml"]);
    w.nested(base, "BOOT-INF/lib/lib-1.0.jar", &["lib/Both.class", "lib/Base.class", "META-INF/services/s"]);
    w.nested(base, "BOOT-INF/lib/other-1.0.jar", &["other/X.class", "javax/servlet/Servlet.class"]);
    let orders = w.jar("orders.jar", &["orders/Main.class", BIZ, "conf.yml"]);
    w.nested(orders, "lib/lib-2.0.jar", &["lib/Both.class", "javax/servlet/Servlet.class"]);
    w.manifest(orders, "Ark-Biz-Name", "orders");
    let modules = vec![ModuleInput { name: None, roots: vec![orders] }];
    (w, Inputs { base: vec![base], modules, ..Inputs::default() })
}

fn build(world: &World, inputs: &Inputs, container: &str) -> Topology {
    let inputs = Inputs { container: Some(container.into()), ..inputs.clone() };
    arrange(&world.archives, &inputs).topology
}

#[test]
fn every_container_shows_the_jdk_and_hides_modules_from_the_base() {
    let (w, inputs) = shop();
    for row in CONTAINERS.iter().filter(|row| row.name != "flat") {
        let t = build(&w, &inputs, row.name);
        assert_eq!(t.container, row.name);
        assert_eq!(tenants(&t), ["base", "orders"]);
        assert_eq!(w.definer(&t, "orders", "java/lang/String"), Some("jdk"), "{}", row.name);
        assert_eq!(w.definer(&t, "orders", "javax/sql/DataSource"), Some("jdk"), "{}", row.name);
        assert_eq!(w.definer(&t, "base", "orders/Main"), None, "{}", row.name);
        assert_eq!(w.definer(&t, "orders", "orders/Main"), Some("orders"), "{}", row.name);
        assert_eq!(w.definer(&t, "orders", "lib/Base"), Some("base"), "{}", row.name);
        assert!(t.loaders[1].is_shared && !t.loaders[2].is_shared);
    }
}

#[test]
fn a_child_first_loader_shadows_its_parent_except_for_listed_prefixes() {
    let (w, inputs) = shop();
    assert_eq!(w.definer(&build(&w, &inputs, "child-first"), "orders", "lib/Both"), Some("orders"));
    let options = Options { parent_first: vec!["lib.".into()], ..Options::default() };
    let listed = Inputs { options, ..inputs };
    assert_eq!(w.definer(&build(&w, &listed, "child-first"), "orders", "lib/Both"), Some("base"));
    let conf = w.resource(&build(&w, &listed, "child-first"), "orders", "conf.yml");
    assert_eq!(conf, (Some("orders.jar"), vec!["orders.jar", "base.jar"]));
}

#[test]
fn of_a_hidden_base_a_module_sees_what_is_listed_and_nothing_else() {
    let (w, inputs) = shop();
    let options = Options { parent_first: vec!["lib.".into()], base_hidden: true, ..Options::default() };
    let t = build(&w, &Inputs { options, ..inputs }, "child-first");
    assert_eq!(w.definer(&t, "orders", "lib/Both"), Some("base"));
    assert_eq!(w.definer(&t, "orders", "javax/servlet/Servlet"), Some("orders"));
    assert_eq!(w.definer(&t, "orders", "other/X"), None);
    assert_eq!(w.resource(&t, "orders", "conf.yml"), (Some("orders.jar"), vec!["orders.jar"]));
}

#[test]
fn a_listed_package_is_that_package_alone() {
    let (w, inputs) = shop();
    let definer = |listed: &str, class: &str| {
        let options = Options { parent_first: vec![listed.into()], ..Options::default() };
        let inputs = Inputs { options, ..inputs.clone() };
        w.definer(&build(&w, &inputs, "child-first"), "orders", class).map(str::to_owned)
    };
    assert_eq!(definer("lib.*", "lib/Both").as_deref(), Some("base"));
    assert_eq!(definer("li.*", "lib/Both").as_deref(), Some("orders"));
    assert_eq!(definer("javax.*", "javax/servlet/Servlet").as_deref(), Some("orders"));
}

#[test]
fn a_parent_first_loader_takes_the_base_copy() {
    let (w, inputs) = shop();
    let t = build(&w, &inputs, "parent-first");
    assert_eq!(w.definer(&t, "orders", "lib/Both"), Some("base"));
    assert_eq!(w.resource(&t, "orders", "conf.yml"), (Some("base.jar"), vec!["base.jar", "orders.jar"]));
}

#[test]
fn on_a_flat_class_path_modules_are_tenants_of_one_loader() {
    let (w, inputs) = shop();
    let t = build(&w, &inputs, "flat");
    assert_eq!(tenants(&t), ["base", "orders"]);
    assert_eq!(loader_of(&t, "base"), loader_of(&t, "orders"));
    assert_eq!(w.definer(&t, "base", "orders/Main"), Some("base"));
    let owners: Vec<u16> = t.loaders[1].path.iter().map(|element| element.tenant.0).collect();
    assert_eq!(owners, [0, 0, 0, 1, 1]);
}

#[test]
fn a_web_application_comes_first_but_for_container_packages() {
    let (w, inputs) = shop();
    let t = build(&w, &inputs, "tomcat");
    assert_eq!(w.definer(&t, "orders", "lib/Both"), Some("orders"));
    assert_eq!(w.definer(&t, "orders", "javax/servlet/Servlet"), Some("base"));
    let options = Options { delegate: true, ..Options::default() };
    let t = build(&w, &Inputs { options, ..inputs }, "tomcat");
    assert_eq!(w.definer(&t, "orders", "lib/Both"), Some("base"));
}

#[test]
fn tomcat_leaves_tag_libraries_and_the_jdbc_pool_to_the_application() {
    let mut w = World::new();
    let names = [
        "org/apache/tomcat/jdbc/pool/Pool.class",
        "javax/servlet/jsp/jstl/core/Loop.class",
        "org/apache/tomcat/util/U.class",
        "jakarta/servlet/Servlet.class",
    ];
    let common = w.jar("common.jar", &names);
    let web: Vec<String> = names.iter().map(|name| format!("WEB-INF/classes/{name}")).collect();
    let app = w.jar("shop.war", &web.iter().map(String::as_str).collect::<Vec<_>>());
    let t = w.scan(&[common, app]).topology;
    assert_eq!(t.container, "tomcat");
    let definers = names.map(|name| w.definer(&t, "shop", name.trim_end_matches(".class")).unwrap());
    assert_eq!(definers, ["shop", "shop", "base", "base"]);
}

#[test]
fn tomcat_10_leaves_the_old_annotations_to_the_application_and_tomcat_9_does_not() {
    for (sign, definer) in [
        ("jakarta/servlet/LocalStrings.properties", "shop"),
        ("javax/servlet/LocalStrings.properties", "base"),
    ] {
        let mut w = World::new();
        let api = w.jar("servlet-api.jar", &[sign]);
        let common = w.jar("jsr305.jar", &["javax/annotation/Nonnull.class"]);
        let app = w.jar("shop.war", &["WEB-INF/classes/javax/annotation/Nonnull.class"]);
        let t = w.scan(&[api, common, app]).topology;
        assert_eq!(w.definer(&t, "shop", "javax/annotation/Nonnull"), Some(definer), "{sign}");
    }
}

#[test]
fn an_ark_module_comes_before_the_base_and_never_takes_its_generated_subclasses() {
    let mut w = World::new();
    let service = "p/S$$EnhancerBySpringCGLIB$$1";
    let entry = format!("{service}.class");
    let base = w.jar("base.jar", &[&entry, "p/S.class", "com/alipay/sofa/ark/spi/Hook.class"]);
    let biz = w.jar("a.jar", &[BIZ, "p/S.class", "com/alipay/sofa/ark/spi/Hook.class"]);
    let t = w.scan(&[base, biz]).topology;
    assert_eq!(t.container, "sofa-ark");
    assert_eq!(w.definer(&t, "a", "p/S"), Some("a"));
    assert_eq!(w.definer(&t, "a", service), None);
    assert_eq!(w.definer(&t, "base", service), Some("base"));
    assert_eq!(w.definer(&t, "a", "com/alipay/sofa/ark/spi/Hook"), Some("base"));
}

/// A base whose plugin exports package `x`, stem `y` and class `z.Z`, and a module with a copy of everything.
fn with_plugin(biz_attribute: Option<(&str, &str)>, options: Options) -> (World, Topology) {
    let mut w = World::new();
    let names = [
        "x/A.class",
        "x/sub/A.class",
        "y/A.class",
        "y/sub/A.class",
        "yy/A.class",
        "z/Z.class",
        "z/Z$N.class",
    ];
    let base = w.jar("base.jar", &["BOOT-INF/classes/base/App.class"]);
    let plugin = w.nested(base, "BOOT-INF/lib/plug-1.0.jar", &names);
    w.archives[plugin].resources = vec![PLUGIN.into()];
    w.manifest(plugin, "export-packages", "x, y.*,*");
    w.manifest(plugin, "export-classes", "z.Z");
    let biz = w.jar("a.jar", &[&[BIZ], &names[..]].concat());
    if let Some((name, value)) = biz_attribute {
        w.manifest(biz, name, value);
    }
    let inputs = Inputs { paths: vec![base, biz], options, ..Inputs::default() };
    let topology = arrange(&w.archives, &inputs).topology;
    (w, topology)
}

#[test]
fn what_a_plugin_exports_comes_from_the_base_first() {
    let (w, t) = with_plugin(None, Options::default());
    let from_base = |name| w.definer(&t, "a", name) == Some("base");
    assert!(from_base("x/A") && !from_base("x/sub/A"), "an exact package has no subpackages");
    assert!(from_base("y/A") && from_base("y/sub/A") && !from_base("yy/A"), "a stem has");
    assert!(from_base("z/Z") && !from_base("z/Z$N"), "nested classes are not exported with their host");
}

#[test]
fn without_plugin_export_the_module_keeps_its_copies() {
    let (w, t) = with_plugin(None, Options { plugin_export: false, ..Options::default() });
    assert_eq!(w.definer(&t, "a", "x/A"), Some("a"));
}

#[test]
fn a_module_may_refuse_exports() {
    let (w, t) = with_plugin(Some(("deny-import-packages", "y.s*")), Options::default());
    assert_eq!(w.definer(&t, "a", "y/A"), Some("a"), "the stem of `y.s*` is `y`, matched as plain text");
    let (w, t) = with_plugin(Some(("deny-import-classes", "z.Z")), Options::default());
    assert_eq!(w.definer(&t, "a", "z/Z"), Some("a"));
    assert_eq!(w.definer(&t, "a", "x/A"), Some("base"));
}

#[test]
fn unexported_classes_of_a_plugin_are_defined_again_by_each_module() {
    let mut w = World::new();
    let base = w.jar("base.jar", &["BOOT-INF/classes/base/App.class"]);
    w.nested(base, "BOOT-INF/lib/plug-1.0.jar", &[PLUGIN, "plug/Inner.class"]);
    let biz = w.jar("a.jar", &[BIZ, "a/Main.class"]);
    let t = w.scan(&[base, biz]).topology;
    assert_eq!(w.definer(&t, "a", "plug/Inner"), Some("a"));
    assert_eq!(w.definer(&t, "base", "plug/Inner"), Some("base"));
}

#[test]
fn an_overriding_plugin_is_defined_by_the_module_before_its_own_copy() {
    let mut w = World::new();
    let base = w.jar("base.jar", &["BOOT-INF/classes/base/App.class"]);
    let plugin = w.nested(base, "BOOT-INF/lib/plug-1.0.jar", &[PLUGIN, "plug/P.class"]);
    w.manifest(plugin, "export-classes", "plug.P");
    w.manifest(plugin, "export-mode", "override");
    let biz = w.jar("a.jar", &[BIZ, "plug/P.class"]);
    let t = w.scan(&[base, biz]).topology;
    assert_eq!(w.definer(&t, "a", "plug/P"), Some("a"));
    assert_eq!(w.path(&t, "a"), ["base.jar!/BOOT-INF/lib/plug-1.0.jar|", "a.jar|"]);
}

#[test]
fn a_module_does_not_see_resources_that_only_the_base_has() {
    let (w, inputs) = shop();
    let t = build(&w, &inputs, "sofa-ark");
    assert_eq!(w.resource(&t, "orders", "META-INF/services/s"), (None, vec![]));
    assert_eq!(w.resource(&t, "orders", "conf.yml"), (Some("orders.jar"), vec!["orders.jar"]));
    let class_file = "base.jar!/BOOT-INF/lib/lib-1.0.jar";
    assert_eq!(w.resource(&t, "orders", "lib/Base.class"), (Some(class_file), vec![class_file]));
}

#[test]
fn declared_mode_lets_through_declared_libraries_only() {
    let (mut w, inputs) = shop();
    w.manifest(inputs.modules[0].roots[0], "declared-libraries", "lib, orders");
    let t = build(&w, &inputs, "sofa-ark");
    assert_eq!(w.definer(&t, "orders", "lib/Base"), Some("base"));
    assert_eq!(w.definer(&t, "orders", "other/X"), None, "other is not declared");
    let services = "base.jar!/BOOT-INF/lib/lib-1.0.jar";
    assert_eq!(w.resource(&t, "orders", "META-INF/services/s"), (Some(services), vec![services]));
}

#[test]
fn declared_mode_counts_the_base_application_by_its_own_artifact() {
    for (declared, definer) in [("lib", None), ("lib,base-app", Some("base"))] {
        let (mut w, inputs) = shop();
        w.artifact(inputs.base[0], "base-app");
        w.manifest(inputs.modules[0].roots[0], "declared-libraries", declared);
        assert_eq!(w.definer(&build(&w, &inputs, "sofa-ark"), "orders", "base/App"), definer, "{declared}");
    }
}

#[test]
fn declared_mode_returns_the_first_base_copy_if_any_copy_is_declared() {
    let (mut w, inputs) = shop();
    w.artifact(inputs.base[0], "base-app");
    w.nested(inputs.base[0], "BOOT-INF/lib/third-1.0.jar", &["base/App.class"]);
    w.manifest(inputs.modules[0].roots[0], "declared-libraries", "third");
    assert_eq!(w.definer(&build(&w, &inputs, "sofa-ark"), "orders", "base/App"), Some("base"));
}

#[test]
fn in_declared_mode_the_own_copy_of_an_artifact_hides_the_base_copy() {
    let mut w = World::new();
    let base = w.jar("base.jar", &["BOOT-INF/classes/base/App.class"]);
    w.nested(base, "BOOT-INF/lib/s-1.0.jar", &["META-INF/services/s"]);
    w.nested(base, "BOOT-INF/lib/t-1.0.jar", &["META-INF/services/s"]);
    let biz = w.jar("a.jar", &[BIZ, "a/Main.class"]);
    w.nested(biz, "lib/s-2.0.jar", &["META-INF/services/s"]);
    w.manifest(biz, "declared-libraries", "s,t");
    let t = w.scan(&[base, biz]).topology;
    let (_, all) = w.resource(&t, "a", "META-INF/services/s");
    assert_eq!(all, ["a.jar!/lib/s-2.0.jar", "base.jar!/BOOT-INF/lib/t-1.0.jar"]);
}

#[test]
fn exported_resources_are_searched_in_the_whole_base() {
    let mut w = World::new();
    let base = w.jar("base.jar", &["BOOT-INF/classes/base/App.class", "BOOT-INF/classes/tpl/x.html"]);
    let plugin = w.nested(base, "BOOT-INF/lib/plug-1.0.jar", &[PLUGIN]);
    w.manifest(plugin, "export-resources", "tpl/*,*");
    let biz = w.jar("a.jar", &[BIZ, "tpl/x.html"]);
    let t = w.scan(&[base, biz]).topology;
    assert_eq!(w.resource(&t, "a", "tpl/x.html"), (Some("base.jar"), vec!["base.jar", "a.jar"]));
}

#[test]
fn in_an_executable_ark_jar_no_module_sees_the_master() {
    let mut w = World::new();
    let fat = w.jar("app-ark-executable.jar", &["SOFA-ARK/container/x"]);
    w.nested(fat, "SOFA-ARK/container/lib/ark-all.jar", &["com/alipay/sofa/ark/spi/Hook.class"]);
    let plugin = w.nested(fat, "SOFA-ARK/plugin/p.jar", &[PLUGIN, "p/Api.class", "p/Hidden.class"]);
    w.manifest(plugin, "export-classes", "p.Api");
    w.nested(fat, "SOFA-ARK/biz/master.jar", &[BIZ, "m/Main.class", "p/Api.class"]);
    w.nested(fat, "SOFA-ARK/biz/guest.jar", &[BIZ, "g/Main.class"]);
    w.descriptor(fat, "conf/ark/bootstrap.properties", "com.alipay.sofa.ark.master.biz = master\n");
    let t = w.scan(&[fat]).topology;
    assert_eq!(tenants(&t), ["base", "guest"]);
    assert_eq!(w.definer(&t, "guest", "m/Main"), None);
    assert_eq!(w.definer(&t, "guest", "p/Api"), Some("plugin:p"));
    assert_eq!(w.definer(&t, "base", "p/Api"), Some("plugin:p"));
    assert_eq!(w.definer(&t, "guest", "p/Hidden"), None);
    assert_eq!(w.definer(&t, "guest", "com/alipay/sofa/ark/spi/Hook"), Some("container"));
}

#[test]
fn a_container_brings_its_own_api() {
    let (w, inputs) = shop();
    let brings = |container: &str, name: &str| {
        build(&w, &inputs, container).provided.is_some_and(|names| names.accepts(name))
    };
    assert!(brings("tomcat", "jakarta/servlet/Servlet") && brings("tomcat", "org/apache/catalina/Context"));
    assert!(!brings("tomcat", "jakarta/servlet/jsp/jstl/core/Config") && !brings("tomcat", "orders/Main"));
    assert!(brings("sofa-ark", "com/alipay/sofa/ark/spi/model/Biz"));
    assert!(!brings("sofa-ark", "jakarta/servlet/Servlet") && !brings("flat", "jakarta/servlet/Servlet"));
}
