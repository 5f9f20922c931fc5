//! The models that come with the program: complete, well formed, and in one order.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cotenant::rules::Models;
use cotenant::rules::models::BUILT_IN;

fn models() -> Models {
    Models::built_in().unwrap_or_else(|report| panic!("{report:?}"))
}

#[test]
fn every_model_file_is_embedded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/models");
    let on_disk: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".yaml"))
        .collect();
    let embedded: Vec<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(on_disk.into_iter().collect::<Vec<_>>(), embedded, "the table is sorted and lists each file");
}

#[test]
fn built_in_models_read_without_a_mistake() {
    let models = models();
    assert!(models.apis.len() > 100, "{}", models.apis.len());
    assert!(models.resources.len() > 100, "{}", models.resources.len());
    assert!(models.unload.len() > 15);
    assert!(
        !models.managers.is_empty() && !models.wrappers.is_empty() && !models.bean_annotations.is_empty()
    );
}
