//! The lookup algorithm, over loaders written by hand.

use cotenant::topology::{
    ArchiveSet, JDK, Loader, LookupStep, NameFilter, NameSet, Outcome, PathElement, Role, Step, Target,
    Topology,
};
use cotenant::vocabulary::{LoaderId, TenantId};

const A: LoaderId = LoaderId(1);
const B: LoaderId = LoaderId(2);

fn loader(name: &str, steps: Vec<Step>) -> Loader {
    let element =
        |archive| PathElement { archive, prefix: String::new(), role: Role::Library, tenant: TenantId(0) };
    let first = usize::from(name.as_bytes()[0]) * 10;
    Loader {
        name: name.into(),
        path: vec![element(first), element(first + 1)],
        class_steps: steps.clone(),
        resource_steps: steps.clone(),
        resources_steps: steps,
        ..Loader::default()
    }
}

fn topology(loaders: Vec<Loader>) -> Topology {
    let jdk = loader("jdk", vec![Step::own()]);
    let loaders = std::iter::once(jdk).chain(loaders).collect();
    Topology {
        container: "test",
        loaders,
        tenants: Vec::new(),
        jdk: JDK,
        artifacts: Vec::new(),
        provided: None,
        release: 17,
    }
}

fn everywhere(_: LoaderId, _: &str, _: Option<&ArchiveSet>) -> bool {
    true
}

#[test]
fn steps_are_taken_in_order_and_the_first_hit_ends_the_lookup() {
    let t = topology(vec![loader("a", vec![Step::own()]), loader("b", vec![Step::ask(A), Step::own()])]);
    assert_eq!(t.find_class(B, "x/Y", &everywhere), Some(A));
    assert_eq!(t.find_class(B, "x/Y", &|id, _, _| id == B), Some(B));
    assert_eq!(t.find_class(B, "x/Y", &|_, _, _| false), None);
}

#[test]
fn nobody_but_the_jdk_defines_names_in_java() {
    let t = topology(vec![loader("a", vec![Step::own()])]);
    assert_eq!(t.find_class(A, "java/util/Map", &everywhere), Some(JDK));
    assert_eq!(t.find_class(A, "java/util/Map", &|id, _, _| id == A), None);
    assert_eq!(t.find_class(A, "javax/inject/Inject", &everywhere), Some(A));
}

#[test]
fn a_filtered_step_is_not_taken() {
    let only = NameFilter::only(NameSet::prefixed(["p/"]));
    let t = topology(vec![
        loader("a", vec![Step::own()]),
        loader("b", vec![Step::ask(A).filtered(only), Step::own()]),
    ]);
    assert_eq!(t.find_class(B, "p/X", &everywhere), Some(A));
    assert_eq!(t.find_class(B, "q/X", &everywhere), Some(B));
}

#[test]
fn loaders_that_ask_each_other_come_to_an_end() {
    let t = topology(vec![
        loader("a", vec![Step::ask(B), Step::own()]),
        loader("b", vec![Step::ask(A), Step::ask(B), Step::own()]),
    ]);
    assert_eq!(t.find_class(A, "x/Y", &everywhere), Some(B));
    assert_eq!(t.find_class(A, "x/Y", &|id, _, _| id == A), Some(A));
    assert_eq!(t.find_class(A, "x/Y", &|_, _, _| false), None);
    let hits = t.find_resources(A, "r", &|_, _| true);
    assert_eq!(hits.iter().map(|hit| hit.loader).collect::<Vec<_>>(), [B, B, A, A]);
    assert_eq!(t.find_resource(A, "r", &|_, _| false), None);
}

#[test]
fn a_dense_graph_of_loaders_costs_no_more_than_its_edges() {
    let n = 60;
    let all = || (1..=n).map(|id| Step::ask(LoaderId(id))).collect::<Vec<_>>();
    let t = topology((0..n).map(|_| loader("x", all())).collect());
    assert_eq!(t.find_class(A, "x/Y", &everywhere), None);
    assert!(t.find_resources(A, "r", &|_, _| true).is_empty());
}

#[test]
fn a_step_within_archives_accepts_a_class_if_one_copy_is_in_them() {
    let accepted: ArchiveSet = [7].into_iter().collect();
    let t = topology(vec![
        loader("a", vec![Step::jdk(), Step::own()]),
        loader("b", vec![Step::ask(A).within(Some(accepted))]),
    ]);
    let in_archive = |archive: usize| {
        move |id: LoaderId, _: &str, set: Option<&ArchiveSet>| {
            id == A && set.is_none_or(|s| s.contains(archive))
        }
    };
    assert_eq!(t.find_class(B, "x/Y", &in_archive(7)), Some(A));
    assert_eq!(t.find_class(B, "x/Y", &in_archive(8)), None);
    assert_eq!(
        t.find_class(B, "javax/sql/X", &|id, _, _| id == JDK),
        Some(JDK),
        "the JDK lies in no archive"
    );
}

#[test]
fn an_explanation_lists_every_step_tried_and_why_it_yields_nothing() {
    let nothing = NameFilter::only(NameSet::prefixed(["p/"]));
    let t = topology(vec![
        loader("a", vec![Step::jdk(), Step::ask(B), Step::own()]),
        loader("b", vec![Step::own().filtered(nothing), Step::ask(A), Step::jdk()]),
    ]);
    let steps = t.explain_class(B, "x/Y", &|id, _, _| id == A);
    let row = |depth, loader, step, target, outcome| LookupStep { depth, loader, step, target, outcome };
    let expected = [
        row(0, B, 0, Target::Own, Outcome::Filtered),
        row(0, B, 1, Target::Loader(A), Outcome::Found(A)),
        row(1, A, 0, Target::Loader(JDK), Outcome::Missing),
        row(2, JDK, 0, Target::Own, Outcome::Missing),
        row(1, A, 1, Target::Loader(B), Outcome::Cycle),
        row(1, A, 2, Target::Own, Outcome::Found(A)),
    ];
    assert_eq!(steps, expected);
}

#[test]
fn of_two_copies_on_one_path_the_first_is_the_resource() {
    let t = topology(vec![loader("a", vec![Step::own()])]);
    let hit = t.find_resource(A, "r", &|_, _| true).unwrap();
    assert_eq!((hit.element, hit.archive), (0, 970));
    assert_eq!(t.find_resource(A, "r", &|e, _| e.archive == 971).unwrap().element, 1);
    assert_eq!(t.find_resources(A, "r", &|_, _| true).len(), 2);
}

#[test]
fn a_fallback_step_adds_nothing_once_something_was_found() {
    let t = topology(vec![
        loader("a", vec![Step::own()]),
        loader("b", vec![Step::own(), Step::ask(A).if_nothing_yet()]),
    ]);
    assert_eq!(t.find_resources(B, "r", &|_, _| true).len(), 2);
    let only_in_a = t.find_resources(B, "r", &|element, _| element.archive < 980);
    assert_eq!(only_in_a.iter().map(|hit| hit.loader).collect::<Vec<_>>(), [A, A]);
}

#[test]
fn one_entry_reached_on_two_ways_is_one_resource() {
    let t = topology(vec![loader("a", vec![Step::own()]), loader("b", vec![Step::own(), Step::ask(A)])]);
    let mut t = t;
    t.loaders[2].path[0].archive = 970;
    let archives: Vec<usize> = t.find_resources(B, "r", &|_, _| true).iter().map(|hit| hit.archive).collect();
    assert_eq!(archives, [970, 981, 971]);
}

#[test]
fn unknown_loaders_find_nothing() {
    let t = topology(vec![loader("a", vec![Step::ask(LoaderId(500))])]);
    assert_eq!(t.find_class(A, "x/Y", &everywhere), None);
    assert_eq!(t.find_class(LoaderId(9), "x/Y", &everywhere), None);
    assert!(t.find_resources(LoaderId(9), "r", &|_, _| true).is_empty());
}
