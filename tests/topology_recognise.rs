//! Which archive plays which part, told by its content, and the search path its layout makes.

mod topology_support;

use cotenant::topology::{Inputs, Layout, ModuleInput, Role, arrange, layout_of};
use cotenant::vocabulary::ProblemCode;
use topology_support::{BIZ, PLUGIN, World, tenants};

const BOOT: &[&str] = &["BOOT-INF/classes/app/Main.class", "org/springframework/boot/loader/Launcher.class"];

#[test]
fn layouts_are_told_by_content_in_a_fixed_order() {
    let mut w = World::new();
    let container = "com/alipay/sofa/ark/container/mark";
    let cases: [(&[&str], Layout); 8] = [
        (&[container, PLUGIN], Layout::ArkContainer),
        (&[PLUGIN, BIZ], Layout::ArkPlugin),
        (&[BIZ, "BOOT-INF/classes/x"], Layout::ArkBiz),
        (&["SOFA-ARK/container/lib/a.jar", "BOOT-INF/x"], Layout::ArkExecutable),
        (&["BOOT-INF/lib/a.jar", "WEB-INF/web.xml"], Layout::SpringBoot),
        (&["WEB-INF/classes/a/B.class"], Layout::War),
        (&["a/B.class"], Layout::PlainJar),
        (&["BOOT-INFO", "com/alipay/sofa/ark/biz/marker"], Layout::PlainJar),
    ];
    for (entries, layout) in cases {
        let jar = w.jar("x.jar", entries);
        assert_eq!(layout_of(&w.archives[jar]), layout, "{entries:?}");
    }
    let folder = w.folder("classes", &["a/B.class"]);
    assert_eq!(layout_of(&w.archives[folder]), Layout::Folder);
}

#[test]
fn a_spring_boot_jar_is_searched_in_its_classes_and_then_its_libraries_in_zip_order() {
    let mut w = World::new();
    let boot = w.jar("app.jar", BOOT);
    w.nested(boot, "BOOT-INF/lib/z.jar", &["z/Z.class"]);
    w.nested(boot, "BOOT-INF/lib/a.jar", &["a/A.class"]);
    w.nested(boot, "BOOT-INF/lib/deeper/b.jar", &["b/B.class"]);
    let t = w.scan(&[boot]).topology;
    let path = ["app.jar|BOOT-INF/classes/", "app.jar!/BOOT-INF/lib/z.jar|", "app.jar!/BOOT-INF/lib/a.jar|"];
    assert_eq!(w.path(&t, "base"), path);
    assert_eq!(w.definer(&t, "base", "org/springframework/boot/loader/Launcher"), None);
    assert!(t.is_open_world());
    let roles: Vec<Role> = t.loaders[1].path.iter().map(|element| element.role).collect();
    assert_eq!(roles, [Role::Application, Role::Library, Role::Library]);
}

#[test]
fn an_exploded_spring_boot_folder_follows_its_index() {
    let mut w = World::new();
    let boot = w.folder("app", BOOT);
    for name in ["c", "a", "b"] {
        w.nested(boot, &format!("BOOT-INF/lib/{name}.jar"), &[]);
    }
    let index = "- \"BOOT-INF/lib/b.jar\"\n- \"BOOT-INF/lib/a.jar\"\n";
    w.descriptor(boot, "BOOT-INF/classpath.idx", index);
    let path = w.path(&w.scan(&[boot]).topology, "base");
    let libraries: Vec<&str> =
        path.iter().filter_map(|element| element.strip_prefix("app!/BOOT-INF/lib/")).collect();
    assert_eq!(libraries, ["c.jar|", "b.jar|", "a.jar|"]);
}

#[test]
fn a_module_is_searched_in_its_root_and_lib_without_exported_libraries() {
    let mut w = World::new();
    let biz = w.jar("orders-1.0-ark-biz.jar", &[BIZ, "a/A.class"]);
    w.nested(biz, "lib/x.jar", &[]);
    w.nested(biz, "lib/export/y.jar", &[]);
    w.nested(biz, "other/z.jar", &[]);
    let t = w.scan(&[biz]).topology;
    assert_eq!(tenants(&t), ["base", "orders-1.0-ark-biz"]);
    let path = w.path(&t, "orders-1.0-ark-biz");
    assert_eq!(path, ["orders-1.0-ark-biz.jar|", "orders-1.0-ark-biz.jar!/lib/x.jar|"]);
}

#[test]
fn a_module_with_spring_boot_folders_is_misbuilt() {
    let mut w = World::new();
    let biz = w.jar("a.jar", &[BIZ, "BOOT-INF/classes/a/A.class"]);
    let arranged = w.scan(&[biz]);
    assert_eq!(arranged.problems.len(), 1);
    assert_eq!(arranged.problems[0].code, ProblemCode::MisbuiltArchive);
    assert_eq!(w.definer(&arranged.topology, "a", "a/A"), None);
}

#[test]
fn a_folder_with_a_base_and_modules_is_a_deployment() {
    let mut w = World::new();
    let folder = w.folder("deploy", &[]);
    let biz = w.nested(folder, "a-ark-biz.jar", &[BIZ]);
    w.manifest(biz, "Ark-Biz-Name", "a");
    w.nested(folder, "base.jar", BOOT);
    w.nested(folder, "b.war", &["WEB-INF/classes/b/B.class"]);
    w.nested(folder, "stray.jar", &["s/S.class"]);
    let arranged = w.scan(&[folder]);
    assert_eq!(tenants(&arranged.topology), ["base", "a", "b"]);
    assert_eq!(arranged.topology.container, "sofa-ark");
    assert_eq!(w.path(&arranged.topology, "base"), ["deploy!/base.jar|BOOT-INF/classes/"]);
    let left_out: Vec<&str> = arranged.problems.iter().map(|p| p.place.archive.as_str()).collect();
    assert_eq!(left_out, ["deploy!/stray.jar"], "nothing is dropped silently");
}

#[test]
fn jars_beside_modules_without_a_base_are_the_base_but_not_a_modules_thin_twin() {
    let mut w = World::new();
    let folder = w.folder("target", &["target/classes/a/A.class"]);
    w.nested(folder, "a-1.0-ark-biz.jar", &[BIZ, "a/A.class"]);
    w.nested(folder, "a-1.0.jar", &["a/A.class"]);
    w.nested(folder, "shared.jar", &["s/S.class"]);
    let arranged = w.scan(&[folder]);
    assert_eq!(w.path(&arranged.topology, "base"), ["target!/shared.jar|"]);
    assert_eq!(arranged.problems.len(), 2, "{:?}", arranged.problems);
}

#[test]
fn a_folder_of_libraries_is_a_base_without_modules() {
    let mut w = World::new();
    let folder = w.folder("libs", &["target/classes/x/X.class"]);
    w.nested(folder, "a.jar", &["a/A.class"]);
    w.nested(folder, "b.jar", &["b/B.class"]);
    let arranged = w.scan(&[folder]);
    assert!(arranged.topology.is_open_world() && arranged.problems.is_empty());
    assert_eq!(w.path(&arranged.topology, "base"), ["libs|target/classes/", "libs!/a.jar|", "libs!/b.jar|"]);
    assert_eq!(arranged.topology.loaders[1].path[0].role, Role::Application);
    assert_eq!(arranged.topology.loaders[1].path[1].role, Role::Library);
}

#[test]
fn a_zip_that_only_carries_archives_is_as_good_as_a_folder_of_them() {
    let mut w = World::new();
    let wheel = w.jar("dist.whl", &["dist/METADATA"]);
    let boot = w.nested(wheel, "dist/app.jar", &["BOOT-INF/classes/a/App.class"]);
    w.nested(boot, "BOOT-INF/lib/x.jar", &["x/X.class"]);
    let arranged = w.scan(&[wheel]);
    let expected =
        ["dist.whl!/dist/app.jar|BOOT-INF/classes/", "dist.whl!/dist/app.jar!/BOOT-INF/lib/x.jar|"];
    assert_eq!(w.path(&arranged.topology, "base"), expected);
}

#[test]
fn modules_that_a_base_carries_are_found() {
    let mut w = World::new();
    let base = w.jar("base.jar", BOOT);
    w.nested(base, "BOOT-INF/classes/SOFA-ARK/biz/a.jar", &[BIZ]);
    w.nested(base, "BOOT-INF/lib/b.jar", &[BIZ]);
    w.nested(base, "BOOT-INF/lib/c.jar", &[]);
    let arranged = arrange(&w.archives, &Inputs { base: vec![base], ..Inputs::default() });
    assert_eq!(tenants(&arranged.topology), ["base", "a", "b"]);
}

#[test]
fn of_several_spring_boot_archives_the_one_that_carries_ark_is_the_base() {
    let mut w = World::new();
    let a = w.jar("a.jar", BOOT);
    let b = w.jar("b.jar", BOOT);
    w.nested(b, "BOOT-INF/lib/sofa-ark-springboot-starter-2.2.4.jar", &[]);
    let arranged = w.scan(&[a, b]);
    assert_eq!(tenants(&arranged.topology), ["base", "a"]);
    assert!(w.path(&arranged.topology, "base")[0].starts_with("b.jar"));
    assert!(arranged.problems.is_empty());
}

#[test]
fn of_several_equal_spring_boot_archives_each_is_a_module_and_the_report_says_so() {
    let mut w = World::new();
    let apps = [w.jar("a.jar", BOOT), w.jar("b.jar", BOOT)];
    let arranged = w.scan(&apps);
    assert_eq!(tenants(&arranged.topology), ["base", "a", "b"]);
    assert_eq!(arranged.problems[0].code, ProblemCode::AmbiguousLayout);
}

#[test]
fn of_several_spring_boot_archives_the_one_that_has_spring_boot_itself_is_the_base() {
    let mut w = World::new();
    let folder = w.folder("deploy", &[]);
    let slim = w.nested(folder, "modules/billing.jar", &["BOOT-INF/classes/b/Billing.class"]);
    w.nested(slim, "BOOT-INF/lib/pdf-1.2.jar", &["p/Pdf.class"]);
    let whole = w.nested(folder, "server.jar", BOOT);
    w.nested(whole, "BOOT-INF/lib/spring-boot-3.5.16.jar", &[]);
    w.nested(folder, "modules/orders-ark-biz.jar", &[BIZ]);
    let arranged = w.scan(&[folder]);
    assert_eq!(tenants(&arranged.topology), ["base", "billing", "orders-ark-biz"]);
    assert!(w.path(&arranged.topology, "base")[0].starts_with("deploy!/server.jar"));
    assert!(arranged.problems.is_empty());
}

#[test]
fn where_nothing_tells_the_base_what_to_write_down_is_told() {
    let mut w = World::new();
    let folder = w.folder("deploy/", &[]);
    for entry in ["apps/a.jar", "apps/b c.jar"] {
        let app = w.nested(folder, entry, BOOT);
        w.nested(app, "BOOT-INF/lib/spring-boot-3.5.16.jar", &[]);
        if entry.contains('b') {
            w.nested(app, "BOOT-INF/lib/b-1.0.jar", &[]);
        }
    }
    w.nested(folder, "orders-ark-biz.jar", &[BIZ]);
    let message = w.scan(&[folder]).problems[0].message.clone();
    let expected = "`{base: [\"apps/b c.jar\"], modules: {a: apps/a.jar, orders-ark-biz: orders-ark-biz.jar}}` in \
                    deploy/cotenant.yaml";
    assert!(message.ends_with(expected), "{message}");
}

#[test]
fn tenants_of_one_name_are_numbered() {
    let mut w = World::new();
    let jars = [w.jar("x/m.jar", &[BIZ]), w.jar("y/m.jar", &[BIZ]), w.jar("base.jar", &[BIZ])];
    assert_eq!(tenants(&w.scan(&jars).topology), ["base", "m", "m-2", "base-2"]);
}

#[test]
fn a_manifest_class_path_brings_the_siblings_that_are_among_the_inputs() {
    let mut w = World::new();
    let app = w.jar("dist/app.jar", &["a/A.class"]);
    w.manifest(app, "Main-Class", "a.A");
    w.manifest(app, "Class-Path", "lib/x.jar ../other/y.jar missing.jar /abs.jar file:z.jar ./app.jar");
    let x = w.jar("dist/lib/x.jar", &["x/X.class"]);
    w.manifest(x, "Class-Path", "../app.jar ../../other/y.jar");
    let y = w.jar("./other/y.jar", &["y/Y.class"]);
    let last = w.jar("last.jar", &[]);
    let arranged = arrange(&w.archives, &Inputs { base: vec![app, last, y], ..Inputs::default() });
    let path = w.path(&arranged.topology, "base");
    assert_eq!(path, ["dist/app.jar|", "dist/lib/x.jar|", "./other/y.jar|", "last.jar|"]);
    let roles: Vec<Role> = arranged.topology.loaders[1].path.iter().map(|element| element.role).collect();
    assert_eq!(roles, [Role::Application, Role::Library, Role::Library, Role::Library]);
}

#[test]
fn a_plain_jar_named_as_module_is_its_own_code() {
    let mut w = World::new();
    let (base, module) = (w.jar("lib.jar", &[]), w.jar("m.jar", &[]));
    let modules = vec![ModuleInput { name: Some("orders".into()), roots: vec![module] }];
    let arranged = arrange(&w.archives, &Inputs { base: vec![base], modules, ..Inputs::default() });
    assert_eq!(arranged.topology.loaders[1].path[0].role, Role::Library);
    assert_eq!(arranged.topology.loaders[2].path[0].role, Role::Application);
    assert_eq!(arranged.topology.container, "sofa-ark", "the default when nothing is recognised");
}

#[test]
fn no_input_at_all_is_an_empty_base() {
    let arranged = arrange(&[], &Inputs { base: vec![3], paths: vec![9], ..Inputs::default() });
    assert_eq!(tenants(&arranged.topology), ["base"]);
    assert!(arranged.topology.loaders[1].path.is_empty());
}
