//! Reduces whatever bytes come to facts: no panic, no hang, no large allocation, one problem for what can't be read.
//! Seeds: `fixtures/malformed`, and the classes of any jar.
#![no_main]

use cotenant::facts::UnitFacts;
use cotenant::facts::reduce::Reducer;
use cotenant::vocabulary::ProblemCode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (mut reducer, mut unit) = (Reducer::new(), UnitFacts::default());
    reducer.begin_unit();
    reducer.add(bytes, "Fuzzed.class", &mut unit);
    assert!(unit.problems.iter().all(|problem| problem.code != ProblemCode::InternalError));
});
