//! Scratch.
use cotenant::engine::{ingest::*, threads::Pool};
use cotenant::facts::settle::settle;
use std::time::Instant;
fn main() {
    let n: usize = std::env::var("T").ok().and_then(|t| t.parse().ok()).unwrap_or(2);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    pool.install(run);
}
/// Resident and highest resident memory, MB.
fn memory() -> String {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    let of = |k: &str| s.lines().find(|l| l.starts_with(k)).unwrap().split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024;
    format!("[{} {}]", of("VmRSS"), of("VmHWM"))
}
fn run() {
    let t = Instant::now();
    let inputs: Vec<Input> =
        std::env::args().skip(1).map(|p| Input { path: p.clone().into(), display: p }).collect();
    let opened = open_all(&inputs, &Default::default(), 17);
    eprintln!("open {:?}", t.elapsed());
    let t = Instant::now();
    let (archives, mut ing) = read_all(opened, &Default::default());
    eprintln!("read {:?} units {} {}", t.elapsed(), ing.units.len(), memory());
    for p in ing.problems.iter().take(10) {
        eprintln!("{p:?}");
    }
    let f = |f: fn(&cotenant::facts::UnitFacts) -> usize| ing.units.iter().map(f).sum::<usize>();
    eprintln!(
        "classes {} methods {} fields {} events {} args {} values {} merges {} blocks {} edges {} handlers {} names {} text {} refs {} annos {}",
        f(|u| u.classes.len()),
        f(|u| u.methods.len()),
        f(|u| u.fields.len()),
        f(|u| u.events.len()),
        f(|u| u.args.len()),
        f(|u| u.values.len()),
        f(|u| u.merges.len()),
        f(|u| u.blocks.len()),
        f(|u| u.edges.len()),
        f(|u| u.handlers.len()),
        f(|u| u.names.len()),
        f(|u| u.names.text_len()),
        f(|u| u.member_refs.len()),
        f(|u| u.annotations.len())
    );
    eprintln!(
        "sizes block {} method {} field {} class {}",
        size_of::<cotenant::facts::Block>(),
        size_of::<cotenant::facts::MethodFacts>(),
        size_of::<cotenant::facts::FieldFacts>(),
        size_of::<cotenant::facts::ClassFacts>()
    );
    eprintln!("bytes {}", ing.units.iter().map(|u| u.n_bytes).sum::<u64>());
    let t = Instant::now();
    let facts = settle(std::mem::take(&mut ing.units), ing.archive_of, &Pool);
    eprintln!("settle {:?} names {} refs {} {}", t.elapsed(), facts.names.bound(), facts.members.bound(), memory());
    use cotenant::topology::*;
    let t = Instant::now();
    let arr = arrange(
        &archives,
        &Inputs { base: (0..inputs.len()).collect(), container: Some("flat".into()), ..Default::default() },
    );
    eprintln!(
        "arrange {:?} path {}",
        t.elapsed(),
        arr.topology.loaders.iter().map(|l| l.path.len()).sum::<usize>()
    );
    let t = Instant::now();
    let program =
        cotenant::program::Program::link(&facts, &arr.topology, &|i| archives[i].path.clone(), &Pool);
    eprintln!(
        "link {:?} classes {} methods {} problems {}",
        t.elapsed(),
        program.classes.len(),
        program.n_methods,
        program.problems.len()
    );
    let t = Instant::now();
    let h = cotenant::program::Hierarchy::build(&program, &Default::default(), &Pool);
    eprintln!("hierarchy {:?} {}", t.elapsed(), memory());
    let t = Instant::now();
    let g = cotenant::program::CallGraph::build(&program, &h, &Default::default(), &Pool);
    eprintln!(
        "callgraph {:?} edges {} sites {} unresolved {}",
        t.elapsed(),
        g.n_edges(),
        g.n_sites,
        g.n_unresolved
    );
    let t = Instant::now();
    let fg = cotenant::program::FieldGraph::build(&program, &Pool);
    eprintln!("fieldgraph {:?} {} {}", t.elapsed(), fg.n_accesses(), memory());
    let t = Instant::now();
    let r = cotenant::program::Reach::spread(&program, &g);
    eprintln!(
        "reach {:?} {} {}",
        t.elapsed(),
        (0..program.n_methods)
            .filter(|m| !r.tenants(cotenant::vocabulary::MethodId(*m as u32)).is_empty())
            .count(),
        memory()
    );
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    eprintln!("{}", s.lines().find(|l| l.starts_with("VmHWM")).unwrap());
}
