fn main() {
    let mut r = cotenant::facts::reduce::Reducer::new();
    for p in std::env::args().skip(1) {
        let b = std::fs::read(&p).unwrap();
        let mut u = cotenant::facts::UnitFacts::default();
        r.begin_unit();
        r.add(&b, &p, &mut u);
        for pr in &u.problems {
            println!("{pr:?}");
        }
        for c in &u.classes {
            println!("{}", cotenant::facts::display::class(&u, c, &|n| u.names.text_of(n)));
        }
    }
}
