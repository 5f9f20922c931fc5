//! The rule files that come with the program, embedded. A test compares this list with the folder.

/// Path within the project and text of each file, sorted by path.
pub(crate) const BUILT_IN: &[(&str, &str)] = &[
    (
        "rules/classloader/annotation-of-another-copy.yaml",
        include_str!("../../rules/classloader/annotation-of-another-copy.yaml"),
    ),
    (
        "rules/classloader/caller-sensitive-lookup-in-shared-code.yaml",
        include_str!("../../rules/classloader/caller-sensitive-lookup-in-shared-code.yaml"),
    ),
    (
        "rules/classloader/cast-to-another-copy.yaml",
        include_str!("../../rules/classloader/cast-to-another-copy.yaml"),
    ),
    (
        "rules/classloader/class-name-keyed-cache-in-shared-object.yaml",
        include_str!("../../rules/classloader/class-name-keyed-cache-in-shared-object.yaml"),
    ),
    (
        "rules/classloader/class-name-keyed-cache.yaml",
        include_str!("../../rules/classloader/class-name-keyed-cache.yaml"),
    ),
    (
        "rules/classloader/constant-name-not-visible.yaml",
        include_str!("../../rules/classloader/constant-name-not-visible.yaml"),
    ),
    (
        "rules/classloader/context-loader-captured-by-thread.yaml",
        include_str!("../../rules/classloader/context-loader-captured-by-thread.yaml"),
    ),
    (
        "rules/classloader/context-loader-kept-by-delay-thread.yaml",
        include_str!("../../rules/classloader/context-loader-kept-by-delay-thread.yaml"),
    ),
    (
        "rules/classloader/context-loader-kept-in-field.yaml",
        include_str!("../../rules/classloader/context-loader-kept-in-field.yaml"),
    ),
    (
        "rules/classloader/context-loader-missing-on-pool.yaml",
        include_str!("../../rules/classloader/context-loader-missing-on-pool.yaml"),
    ),
    (
        "rules/classloader/context-loader-not-restored.yaml",
        include_str!("../../rules/classloader/context-loader-not-restored.yaml"),
    ),
    (
        "rules/classloader/deserialisation-with-nearest-loader.yaml",
        include_str!("../../rules/classloader/deserialisation-with-nearest-loader.yaml"),
    ),
    (
        "rules/classloader/deserialised-as-another-copy.yaml",
        include_str!("../../rules/classloader/deserialised-as-another-copy.yaml"),
    ),
    (
        "rules/classloader/exception-of-another-copy.yaml",
        include_str!("../../rules/classloader/exception-of-another-copy.yaml"),
    ),
    (
        "rules/classloader/first-callers-view-kept.yaml",
        include_str!("../../rules/classloader/first-callers-view-kept.yaml"),
    ),
    (
        "rules/classloader/key-of-another-copy.yaml",
        include_str!("../../rules/classloader/key-of-another-copy.yaml"),
    ),
    (
        "rules/classloader/loader-of-given-object.yaml",
        include_str!("../../rules/classloader/loader-of-given-object.yaml"),
    ),
    (
        "rules/classloader/loader-parent-assumed.yaml",
        include_str!("../../rules/classloader/loader-parent-assumed.yaml"),
    ),
    (
        "rules/classloader/loader-retained-by-shared-object.yaml",
        include_str!("../../rules/classloader/loader-retained-by-shared-object.yaml"),
    ),
    (
        "rules/classloader/loader-retained-by-static.yaml",
        include_str!("../../rules/classloader/loader-retained-by-static.yaml"),
    ),
    (
        "rules/classloader/module-class-by-name-in-shared-code.yaml",
        include_str!("../../rules/classloader/module-class-by-name-in-shared-code.yaml"),
    ),
    (
        "rules/classloader/provider-of-another-loader.yaml",
        include_str!("../../rules/classloader/provider-of-another-loader.yaml"),
    ),
    (
        "rules/classloader/proxy-with-wrong-loader.yaml",
        include_str!("../../rules/classloader/proxy-with-wrong-loader.yaml"),
    ),
    (
        "rules/classloader/resource-bundle-in-shared-code.yaml",
        include_str!("../../rules/classloader/resource-bundle-in-shared-code.yaml"),
    ),
    (
        "rules/classloader/service-lookup-in-shared-code.yaml",
        include_str!("../../rules/classloader/service-lookup-in-shared-code.yaml"),
    ),
    (
        "rules/classloader/shared-class-loader-for-module-resource.yaml",
        include_str!("../../rules/classloader/shared-class-loader-for-module-resource.yaml"),
    ),
    (
        "rules/classloader/type-test-of-another-copy.yaml",
        include_str!("../../rules/classloader/type-test-of-another-copy.yaml"),
    ),
    ("rules/linkage/changed-member.yaml", include_str!("../../rules/linkage/changed-member.yaml")),
    (
        "rules/linkage/inaccessible-member-across-loaders.yaml",
        include_str!("../../rules/linkage/inaccessible-member-across-loaders.yaml"),
    ),
    (
        "rules/linkage/loader-constraint-violated.yaml",
        include_str!("../../rules/linkage/loader-constraint-violated.yaml"),
    ),
    ("rules/linkage/missing-class.yaml", include_str!("../../rules/linkage/missing-class.yaml")),
    ("rules/linkage/missing-member.yaml", include_str!("../../rules/linkage/missing-member.yaml")),
    (
        "rules/linkage/unimplemented-method.yaml",
        include_str!("../../rules/linkage/unimplemented-method.yaml"),
    ),
    (
        "rules/resource/class-loader-per-call.yaml",
        include_str!("../../rules/resource/class-loader-per-call.yaml"),
    ),
    (
        "rules/resource/client-never-closed.yaml",
        include_str!("../../rules/resource/client-never-closed.yaml"),
    ),
    (
        "rules/resource/closeable-never-closed.yaml",
        include_str!("../../rules/resource/closeable-never-closed.yaml"),
    ),
    (
        "rules/resource/executor-never-shut-down.yaml",
        include_str!("../../rules/resource/executor-never-shut-down.yaml"),
    ),
    ("rules/resource/first-user-kept.yaml", include_str!("../../rules/resource/first-user-kept.yaml")),
    (
        "rules/resource/jdbc-driver-not-deregistered.yaml",
        include_str!("../../rules/resource/jdbc-driver-not-deregistered.yaml"),
    ),
    (
        "rules/resource/jdbc-open-on-exception.yaml",
        include_str!("../../rules/resource/jdbc-open-on-exception.yaml"),
    ),
    (
        "rules/resource/listener-never-removed.yaml",
        include_str!("../../rules/resource/listener-never-removed.yaml"),
    ),
    (
        "rules/resource/loader-kept-by-wrapper.yaml",
        include_str!("../../rules/resource/loader-kept-by-wrapper.yaml"),
    ),
    ("rules/resource/lock-not-released.yaml", include_str!("../../rules/resource/lock-not-released.yaml")),
    ("rules/resource/mbean-name-in-use.yaml", include_str!("../../rules/resource/mbean-name-in-use.yaml")),
    (
        "rules/resource/mbean-not-unregistered.yaml",
        include_str!("../../rules/resource/mbean-not-unregistered.yaml"),
    ),
    (
        "rules/resource/object-kept-by-shared-static.yaml",
        include_str!("../../rules/resource/object-kept-by-shared-static.yaml"),
    ),
    (
        "rules/resource/process-not-destroyed.yaml",
        include_str!("../../rules/resource/process-not-destroyed.yaml"),
    ),
    (
        "rules/resource/shutdown-hook-from-module.yaml",
        include_str!("../../rules/resource/shutdown-hook-from-module.yaml"),
    ),
    (
        "rules/resource/stream-open-on-exception.yaml",
        include_str!("../../rules/resource/stream-open-on-exception.yaml"),
    ),
    (
        "rules/resource/task-left-on-shared-scheduler.yaml",
        include_str!("../../rules/resource/task-left-on-shared-scheduler.yaml"),
    ),
    (
        "rules/resource/thread-group-not-destroyed.yaml",
        include_str!("../../rules/resource/thread-group-not-destroyed.yaml"),
    ),
    (
        "rules/resource/thread-local-never-removed.yaml",
        include_str!("../../rules/resource/thread-local-never-removed.yaml"),
    ),
    (
        "rules/resource/thread-outlives-module.yaml",
        include_str!("../../rules/resource/thread-outlives-module.yaml"),
    ),
    (
        "rules/resource/timer-never-cancelled.yaml",
        include_str!("../../rules/resource/timer-never-cancelled.yaml"),
    ),
    (
        "rules/static-sharing/cleared-by-one-tenant.yaml",
        include_str!("../../rules/static-sharing/cleared-by-one-tenant.yaml"),
    ),
    (
        "rules/static-sharing/default-handler-replaced.yaml",
        include_str!("../../rules/static-sharing/default-handler-replaced.yaml"),
    ),
    (
        "rules/static-sharing/first-wins-singleton.yaml",
        include_str!("../../rules/static-sharing/first-wins-singleton.yaml"),
    ),
    ("rules/static-sharing/jvm-exit.yaml", include_str!("../../rules/static-sharing/jvm-exit.yaml")),
    (
        "rules/static-sharing/jvm-global-setter.yaml",
        include_str!("../../rules/static-sharing/jvm-global-setter.yaml"),
    ),
    (
        "rules/static-sharing/jvm-registry-name.yaml",
        include_str!("../../rules/static-sharing/jvm-registry-name.yaml"),
    ),
    (
        "rules/static-sharing/mutable-object-handed-out.yaml",
        include_str!("../../rules/static-sharing/mutable-object-handed-out.yaml"),
    ),
    (
        "rules/static-sharing/mutable-part-handed-out.yaml",
        include_str!("../../rules/static-sharing/mutable-part-handed-out.yaml"),
    ),
    (
        "rules/static-sharing/mutated-shared-collection.yaml",
        include_str!("../../rules/static-sharing/mutated-shared-collection.yaml"),
    ),
    (
        "rules/static-sharing/name-keyed-cache.yaml",
        include_str!("../../rules/static-sharing/name-keyed-cache.yaml"),
    ),
    (
        "rules/static-sharing/overwritten-static.yaml",
        include_str!("../../rules/static-sharing/overwritten-static.yaml"),
    ),
    (
        "rules/static-sharing/shared-array-or-buffer.yaml",
        include_str!("../../rules/static-sharing/shared-array-or-buffer.yaml"),
    ),
    (
        "rules/static-sharing/shared-atomic.yaml",
        include_str!("../../rules/static-sharing/shared-atomic.yaml"),
    ),
    (
        "rules/static-sharing/shared-instance-state.yaml",
        include_str!("../../rules/static-sharing/shared-instance-state.yaml"),
    ),
    (
        "rules/static-sharing/static-thread-local.yaml",
        include_str!("../../rules/static-sharing/static-thread-local.yaml"),
    ),
    (
        "rules/static-sharing/system-property-write.yaml",
        include_str!("../../rules/static-sharing/system-property-write.yaml"),
    ),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::BUILT_IN;

    #[test]
    fn every_rule_file_is_embedded_and_named_like_its_rule() {
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut on_disk: Vec<String> = walkdir::WalkDir::new(project.join("rules"))
            .into_iter()
            .map(|entry| entry.unwrap().into_path())
            .filter(|path| path.extension().is_some_and(|ext| ext == "yaml"))
            .filter(|path| path.parent().and_then(Path::file_name).is_some_and(|folder| folder != "models"))
            .map(|path| path.strip_prefix(project).unwrap().to_str().unwrap().replace('\\', "/"))
            .collect();
        on_disk.sort();
        let embedded: Vec<&str> = BUILT_IN.iter().map(|(path, _)| *path).collect();
        assert_eq!(embedded, on_disk);
        for (path, text) in BUILT_IN {
            let name = path.trim_start_matches("rules/").trim_end_matches(".yaml");
            assert!(text.starts_with(&format!("id: {name}\n")), "{path}");
        }
    }
}
