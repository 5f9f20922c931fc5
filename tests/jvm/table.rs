//! What each rule's bad cases have to show on a JVM.

/// What is observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shows {
    /// A tenant finds another value in the named field than it finds when it is alone, or comes to the named line and
    /// gets other answers than it gets alone.
    OthersValue,
    /// A tenant finds a property, default or handler of the JVM that another tenant has set.
    OthersGlobal,
    /// The JVM ends at the named line.
    Exit,
    /// One of these exceptions is thrown through the named method.
    Thrown(&'static [&'static str]),
    /// A module prints this, and it is wrong, or one of these exceptions is thrown.
    AnswerOrThrown(&'static str, &'static [&'static str]),
    /// A module's service provider is not found.
    ProviderMissed,
    /// Something is looked up by a thread whose context class loader is not the module's.
    ForeignLookup,
    /// The thread has another context class loader than before.
    ContextLeft,
    /// The module's loader is still there after it was unloaded.
    Kept,
    /// A thread goes on with the context class loader of a module that is gone.
    ThreadContext,
    /// What was acquired at the named line is still open after the module was unloaded.
    Open(&'static str),
}

impl Shows {
    /// Whether it takes runs of each module alone to see it.
    pub(crate) fn needs_comparison(self) -> bool {
        matches!(self, Shows::OthersValue | Shows::OthersGlobal | Shows::Exit)
    }
}

/// What a rule's cases have to show.
pub(crate) fn shows_of(rule: &str) -> Option<Shows> {
    PROOFS.iter().find(|(id, _)| *id == rule).map(|(_, shows)| *shows)
}

/// Rules and what shows them; a rule that is not here says in its file why nothing does.
pub(crate) const PROOFS: &[(&str, Shows)] = &[
    ("classloader/annotation-of-another-copy", Shows::AnswerOrThrown("false", &[])),
    ("classloader/caller-sensitive-lookup-in-shared-code", Shows::OthersValue),
    ("classloader/cast-to-another-copy", Shows::Thrown(&["java.lang.ClassCastException"])),
    (
        "classloader/class-defined-in-shared-loader",
        Shows::Thrown(&["java.lang.NoClassDefFoundError", "java.lang.LinkageError"]),
    ),
    ("classloader/class-name-keyed-cache", Shows::OthersValue),
    ("classloader/class-name-keyed-cache-in-shared-object", Shows::OthersValue),
    (
        "classloader/configured-class-not-visible",
        Shows::Thrown(&["java.util.ServiceConfigurationError", "java.lang.IllegalArgumentException"]),
    ),
    ("classloader/configured-class-of-another-copy", Shows::Thrown(&["java.util.ServiceConfigurationError"])),
    ("classloader/constant-name-not-visible", Shows::Thrown(&["java.lang.ClassNotFoundException"])),
    ("classloader/context-loader-captured-by-thread", Shows::ThreadContext),
    ("classloader/context-loader-kept-by-delay-thread", Shows::Kept),
    ("classloader/context-loader-kept-in-field", Shows::OthersValue),
    ("classloader/context-loader-missing-on-pool", Shows::ForeignLookup),
    ("classloader/context-loader-not-restored", Shows::ContextLeft),
    ("classloader/deserialisation-with-nearest-loader", Shows::Thrown(&["java.lang.ClassNotFoundException"])),
    ("classloader/deserialised-as-another-copy", Shows::Thrown(&["java.lang.ClassCastException"])),
    ("classloader/driver-of-module-not-seen", Shows::Thrown(&["java.sql.SQLException"])),
    ("classloader/exception-of-another-copy", Shows::Thrown(&["com.acme.bus.RejectedException"])),
    ("classloader/first-callers-view-kept", Shows::OthersValue),
    ("classloader/key-of-another-copy", Shows::AnswerOrThrown("false", &[])),
    ("classloader/loader-of-given-object", Shows::Thrown(&["java.lang.ClassNotFoundException"])),
    ("classloader/loader-parent-assumed", Shows::AnswerOrThrown("true", &["java.lang.ClassCastException"])),
    ("classloader/loader-retained-by-shared-object", Shows::Kept),
    ("classloader/loader-retained-by-static", Shows::Kept),
    ("classloader/module-class-by-name-in-shared-code", Shows::Thrown(&["java.lang.ClassNotFoundException"])),
    ("classloader/provider-of-another-loader", Shows::Thrown(&["java.util.ServiceConfigurationError"])),
    ("classloader/proxy-with-wrong-loader", Shows::Thrown(&["java.lang.IllegalArgumentException"])),
    ("classloader/resource-bundle-in-shared-code", Shows::Thrown(&["java.util.MissingResourceException"])),
    ("classloader/service-lookup-in-shared-code", Shows::ProviderMissed),
    (
        "classloader/shared-class-loader-for-module-resource",
        Shows::Thrown(&["java.lang.NullPointerException", "java.io.FileNotFoundException"]),
    ),
    ("classloader/system-loader-cast", Shows::Thrown(&["java.lang.ClassCastException"])),
    ("classloader/type-test-of-another-copy", Shows::AnswerOrThrown("false", &[])),
    ("classloader/value-kept-by-class-of-others", Shows::Kept),
    (
        "linkage/changed-member",
        Shows::Thrown(&[
            "java.lang.IncompatibleClassChangeError",
            "java.lang.InstantiationError",
            "java.lang.IllegalAccessError",
        ]),
    ),
    ("linkage/inaccessible-member-across-loaders", Shows::Thrown(&["java.lang.IllegalAccessError"])),
    ("linkage/loader-constraint-violated", Shows::Thrown(&["java.lang.LinkageError"])),
    ("linkage/missing-class", Shows::Thrown(&["java.lang.NoClassDefFoundError"])),
    ("linkage/missing-member", Shows::Thrown(&["java.lang.NoSuchMethodError", "java.lang.NoSuchFieldError"])),
    ("linkage/unimplemented-method", Shows::Thrown(&["java.lang.AbstractMethodError"])),
    ("resource/class-loader-per-call", Shows::Open("loader")),
    ("resource/client-never-closed", Shows::Open("client")),
    ("resource/closeable-never-closed", Shows::Open("closeable")),
    ("resource/executor-never-shut-down", Shows::Open("executor")),
    ("resource/handle-kept-open", Shows::Open("stream")),
    ("resource/jdbc-driver-not-deregistered", Shows::Kept),
    ("resource/first-user-kept", Shows::Kept),
    ("resource/jdbc-open-on-exception", Shows::Open("jdbc")),
    ("resource/listener-never-removed", Shows::Kept),
    ("resource/loader-kept-by-wrapper", Shows::Kept),
    ("resource/lock-not-released", Shows::Open("lock")),
    ("resource/mbean-name-in-use", Shows::Thrown(&["javax.management.InstanceAlreadyExistsException"])),
    ("resource/mbean-not-unregistered", Shows::Kept),
    ("resource/object-kept-by-shared-object", Shows::Kept),
    ("resource/object-kept-by-shared-static", Shows::Kept),
    ("resource/process-not-destroyed", Shows::Open("process")),
    ("resource/shutdown-hook-from-module", Shows::Kept),
    ("resource/stream-open-on-exception", Shows::Open("stream")),
    ("resource/task-left-on-shared-scheduler", Shows::Kept),
    ("resource/thread-group-not-destroyed", Shows::Kept),
    ("resource/thread-local-never-removed", Shows::Kept),
    ("resource/thread-outlives-module", Shows::Open("thread")),
    ("resource/timer-never-cancelled", Shows::Open("timer")),
    ("static-sharing/cleared-by-one-tenant", Shows::OthersValue),
    ("static-sharing/closed-by-one-tenant", Shows::AnswerOrThrown("false", &[])),
    ("static-sharing/closed-in-shared-object", Shows::AnswerOrThrown("false", &[])),
    ("static-sharing/default-handler-replaced", Shows::OthersGlobal),
    ("static-sharing/first-wins-singleton", Shows::OthersValue),
    ("static-sharing/jvm-exit", Shows::Exit),
    ("static-sharing/jvm-global-setter", Shows::OthersGlobal),
    ("static-sharing/mutable-object-handed-out", Shows::OthersValue),
    ("static-sharing/mutable-part-handed-out", Shows::OthersValue),
    ("static-sharing/mutated-shared-collection", Shows::OthersValue),
    ("static-sharing/name-keyed-cache", Shows::OthersValue),
    ("static-sharing/overwritten-static", Shows::OthersValue),
    ("static-sharing/shared-array-or-buffer", Shows::OthersValue),
    ("static-sharing/shared-atomic", Shows::OthersValue),
    ("static-sharing/shared-instance-state", Shows::OthersValue),
    ("static-sharing/static-thread-local", Shows::OthersValue),
    ("static-sharing/system-property-write", Shows::OthersGlobal),
    ("static-sharing/thread-local-in-shared-object", Shows::OthersValue),
];

/// Right cases in which something differs that may.
pub(crate) const MAY_DIFFER: &[(&str, &str)] = &[
    (
        "classloader/context-loader-missing-on-pool/good-overridable-step",
        "a thread of the JVM asks the loader that it is given",
    ),
    ("static-sharing/shared-instance-state/good-adder", "a note says so: what is counted for all is printed"),
    (
        "classloader/context-loader-missing-on-pool/good-own-pool-release-8",
        "it is right on Java 8: since 9, which runs it here, the pool's threads have the system loader",
    ),
    (
        "classloader/context-loader-missing-on-pool/good-all-at-once",
        "a thread of the JVM asks the loader that it is given",
    ),
    (
        "resource/executor-never-shut-down/good-idle",
        "its threads go home by themselves, and take the pool along",
    ),
    (
        "static-sharing/shared-atomic/good",
        "numbers are handed out to all, and unique: that is what they are for",
    ),
    ("static-sharing/shared-atomic/good-peak", "a note says so: the greatest of all is what it is for"),
    ("static-sharing/mutated-shared-collection/good-stateless-statics", "it throws dice"),
    ("static-sharing/system-property-write/good-own-name", "a note says so: each sets one of its own name"),
    (
        "static-sharing/system-property-write/good-named-after-application",
        "a note says so: it is set once, under the application's name",
    ),
    ("static-sharing/system-property-write/good-same-constant", "a note says so: each sets the same"),
    ("static-sharing/system-property-write/good-kept-as-set", "a note says so: who comes second leaves it"),
    ("static-sharing/jvm-global-setter/good-own-logger", "each sets the level of a logger of its own name"),
    ("static-sharing/jvm-global-setter/good-own-handlers", "each sets the level of a logger of its own name"),
    (
        "resource/executor-never-shut-down/good-idle-kinds",
        "a note says so: nobody shuts the pools down, whose threads end after a while",
    ),
    ("resource/first-user-kept/good-base-too", "a note says so: nobody runs the base's `main` there"),
    ("resource/thread-outlives-module/good-access-context", "the threads are the base's, and stay"),
    ("resource/timer-never-cancelled/good-access-context", "the timer is the base's, and stays"),
    (
        "static-sharing/shared-instance-state/good-task-queue",
        "a note says so: the tasks of all wait in one queue until they are run",
    ),
    (
        "static-sharing/shared-instance-state/good-log-queue",
        "a note says so: the entries of all wait in one queue until they are written",
    ),
    (
        "classloader/constant-name-not-visible/good-callers-go-on",
        "a note says so: the exception is thrown, and caught where it is called",
    ),
    ("static-sharing/shared-instance-state/good-mark", "a note says so: a mark is in the lists of all"),
    ("static-sharing/mutated-shared-collection/good-loggers", "a note says so: the loggers of all are kept"),
    (
        "classloader/context-loader-kept-in-field/good-among-others",
        "a note says so: what each application makes for itself has its loader",
    ),
    (
        "resource/closeable-never-closed/good-in-memory",
        "its objects hold memory only, which goes with them whether they are closed or not",
    ),
];

/// Certain findings of other rules that do not happen, by case and rule: mistakes of the scanner. A test fails when one
/// of them is mended, so that the list only shrinks.
pub(crate) const MISTAKEN: &[(&str, &str, &str)] = &[];

/// Lines of certain findings that the case's start does not come to, by case, class and line.
pub(crate) const NOT_REACHED: &[(&str, &str, u64, &str)] = &[
    (
        "resource/stream-open-on-exception/bad-network",
        "billing.BankLink",
        24,
        "port 7 is not ours to listen at",
    ),
    (
        "resource/stream-open-on-exception/bad-network",
        "billing.BankLink",
        63,
        "a pipe is neither a stream nor a socket that is watched",
    ),
    (
        "resource/stream-open-on-exception/bad-shapes",
        "orders.Shelf",
        241,
        "a web server would have to answer",
    ),
    (
        "resource/stream-open-on-exception/bad-elements",
        "billing.Totals",
        17,
        "what a stream's function opens is seen open at the function's own line",
    ),
    (
        "resource/stream-open-on-exception/bad-elements",
        "billing.Totals",
        22,
        "what a stream's function opens is seen open at the function's own line",
    ),
    ("resource/stream-open-on-exception/bad-made", "billing.Pictures", 22, "no picture is at hand"),
    ("resource/stream-open-on-exception/bad-made", "billing.Pictures", 30, "no document is at hand"),
    (
        "classloader/shared-class-loader-for-module-resource/bad-own-file-of-module",
        "billing.Main",
        19,
        "the one before fails already",
    ),
    (
        "classloader/shared-class-loader-for-module-resource/bad-own-file-of-module",
        "orders.Main",
        19,
        "the one before fails already",
    ),
];

/// Cases that the machine can't show.
pub(crate) const NOT_RUN: &[(&str, &str)] = &[
    (
        "resource/object-kept-by-shared-object/bad-scala-buffer",
        "there is no Scala runtime; what stands for it is compiled against alone",
    ),
    (
        "resource/object-kept-by-shared-object/good-scala-buffer",
        "there is no Scala runtime; what stands for it is compiled against alone",
    ),
    (
        "static-sharing/shared-instance-state/bad-scala-map",
        "there is no Scala runtime; what stands for it is compiled against alone",
    ),
    (
        "static-sharing/shared-instance-state/bad-scala-default",
        "there is no Scala runtime; what stands for it is compiled against alone",
    ),
    (
        "static-sharing/shared-instance-state/good-scala-map",
        "there is no Scala runtime; what stands for it is compiled against alone",
    ),
    (
        "classloader/loader-retained-by-shared-object/bad-class-of-given-object",
        "the second application's class takes the place of the first one's, whose loader goes then",
    ),
    (
        "classloader/context-loader-missing-on-pool/bad-overridable-step",
        "the lookup is made by the base, on a thread of the JVM, where nobody's context is seen",
    ),
    (
        "static-sharing/cleared-by-one-tenant/bad-beside-setter",
        "each sets its own before it reads, and one module runs after the other",
    ),
    ("static-sharing/jvm-global-setter/bad-editor", "editors are not among the globals that are compared"),
    (
        "static-sharing/jvm-global-setter/bad-provider-first",
        "providers are not among the globals that are compared",
    ),
    (
        "classloader/context-loader-missing-on-pool/bad-behind-helper",
        "a file is asked for, and what is watched asks for classes",
    ),
    ("classloader/context-loader-missing-on-pool/bad-cleaner", "a cleaner runs when the collector likes"),
    (
        "classloader/context-loader-not-restored/bad-shared-thread",
        "only the thread is looked at that starts the modules",
    ),
    (
        "classloader/context-loader-not-restored/bad-task-of-pool",
        "only the thread is looked at that starts the modules",
    ),
    (
        "resource/executor-never-shut-down/bad-enum",
        "whatever a module has made is ended there, whether or not a container has it",
    ),
    ("resource/client-never-closed/bad-event-loops", "a stub stands for the event loops"),
    ("resource/client-never-closed/bad-closed-by-choice", "a stub stands for the connection"),
    ("resource/client-never-closed/bad-overload", "a stub stands for the client"),
    (
        "resource/client-never-closed/bad-servers-and-pools",
        "stubs stand for the server, the client and the pool",
    ),
    ("resource/client-never-closed/bad-queue-connection", "a stub stands for the connection"),
    ("resource/client-never-closed/bad-pool-inside", "a stub stands for the pool"),
    ("resource/executor-never-shut-down/good-release-hook", "nobody there runs the hooks of a job"),
    ("resource/executor-never-shut-down/bad-plugin-host", "the base itself starts its plug-ins"),
    ("resource/executor-never-shut-down/good-plugin-host", "the base itself starts its plug-ins"),
    ("resource/handle-kept-open/bad-kinds", "what is watched for this rule is streams and sockets"),
    ("resource/handle-kept-open/bad-search-index", "a stub stands for the index"),
    ("resource/handle-kept-open/good-search-index", "a stub stands for the index"),
    (
        "resource/stream-open-on-exception/bad-channel",
        "libraries in the base's archive are not unpacked there",
    ),
    ("resource/handle-kept-open/bad-log-file", "what is watched for this rule is streams and sockets"),
    ("resource/jdbc-open-on-exception/bad-batched", "no statement fails there"),
    ("resource/jdbc-open-on-exception/bad-session", "a stub stands for the session"),
    ("resource/jdbc-open-on-exception/bad-piling-up", "no data source is configured there"),
    ("resource/jdbc-open-on-exception/bad-part-of-constructor", "no data source is configured there"),
    ("resource/jdbc-open-on-exception/good-part-of-constructor", "no data source is configured there"),
    (
        "resource/thread-outlives-module/bad-first-user",
        "a thread is watched where it is started, and told where the initialiser has that done",
    ),
    ("resource/thread-outlives-module/good-first-user", "the base's own main is not started there"),
    ("resource/thread-outlives-module/good-lingering", "a cleaner's thread ends when the collector has run"),
    (
        "resource/thread-outlives-module/good-own-loader",
        "the threads stay and keep nothing, and what is watched is whether they stay",
    ),
    (
        "resource/client-never-closed/bad-kept-by-library",
        "libraries in the base's archive are not unpacked there",
    ),
    (
        "resource/client-never-closed/good-kept-by-library",
        "libraries in the base's archive are not unpacked there",
    ),
    (
        "resource/client-never-closed/bad-threads-of-libraries",
        "libraries in the base's archive are not unpacked there",
    ),
    (
        "resource/client-never-closed/good-threads-of-libraries",
        "libraries in the base's archive are not unpacked there",
    ),
    (
        "resource/stream-open-on-exception/bad-shielded",
        "libraries in the base's archive are not unpacked there",
    ),
    (
        "resource/stream-open-on-exception/good-shielded",
        "libraries in the base's archive are not unpacked there",
    ),
    (
        "resource/executor-never-shut-down/bad-memoised",
        "libraries in the base's archive are not unpacked there",
    ),
    (
        "resource/executor-never-shut-down/good-memoised",
        "libraries in the base's archive are not unpacked there",
    ),
    (
        "resource/listener-never-removed/bad-event-bus",
        "libraries in the base's archive are not unpacked there",
    ),
    ("resource/listener-never-removed/bad-metric", "libraries in the base's archive are not unpacked there"),
    (
        "resource/executor-never-shut-down/bad-decorated",
        "libraries in the base's archive are not unpacked there",
    ),
    ("resource/listener-never-removed/bad-meter", "libraries in the base's archive are not unpacked there"),
    ("resource/listener-never-removed/good-meter", "libraries in the base's archive are not unpacked there"),
    (
        "resource/listener-never-removed/bad-scheduled-job",
        "libraries in the base's archive are not unpacked there",
    ),
    (
        "resource/listener-never-removed/good-scheduled-job",
        "libraries in the base's archive are not unpacked there",
    ),
    (
        "static-sharing/shared-instance-state/bad-grown-map",
        "libraries in the base's archive are not unpacked there",
    ),
    (
        "static-sharing/shared-instance-state/good-grown-map",
        "libraries in the base's archive are not unpacked there",
    ),
    (
        "resource/stream-open-on-exception/good-channel",
        "libraries in the base's archive are not unpacked there",
    ),
    (
        "resource/listener-never-removed/good-event-bus",
        "libraries in the base's archive are not unpacked there",
    ),
    ("resource/listener-never-removed/good-metric", "libraries in the base's archive are not unpacked there"),
    (
        "resource/task-left-on-shared-scheduler/bad-scheduler-of-base",
        "libraries in the base's archive are not unpacked there",
    ),
    (
        "resource/task-left-on-shared-scheduler/good-scheduler-of-base",
        "libraries in the base's archive are not unpacked there",
    ),
    (
        "static-sharing/mutable-object-handed-out/good-given-inside",
        "libraries in the base's archive are not unpacked there",
    ),
    ("resource/listener-never-removed/bad-base-context", "the base's own main is not started there"),
    (
        "static-sharing/jvm-global-setter/bad-container",
        "no other application is there that looks at the zone",
    ),
    (
        "static-sharing/shared-array-or-buffer/bad-pattern-replaced",
        "each sets its wording before it uses it: it takes two at the same time",
    ),
    ("resource/listener-never-removed/good-base-context", "the base's own main is not started there"),
    ("resource/listener-never-removed/good-bundle-context", "no framework is there that stops bundles"),
    (
        "resource/jdbc-open-on-exception/good-completion",
        "what is watched is closed, not ended by the end of its only result",
    ),
    ("resource/lock-not-released/bad-tried", "what is watched is locked, not tried for"),
    ("static-sharing/jvm-global-setter/bad-embedded-server", "a stub stands for the server"),
    ("static-sharing/shared-array-or-buffer/bad-seed", "the state of a generator is not looked at"),
    ("resource/stream-open-on-exception/bad-clients", "stubs stand for the clients"),
    ("resource/stream-open-on-exception/bad-unseen", "what would have to close is not there"),
    (
        "static-sharing/jvm-global-setter/bad-wrapped-console",
        "settings are watched, not whether the console is still open",
    ),
    ("static-sharing/overwritten-static/bad-base-reads", "the base's own main is not started there"),
    ("static-sharing/overwritten-static/bad-bean-in-own-library", "modules have no libraries there"),
    ("static-sharing/overwritten-static/bad-copy-in-each", "each module has a loader of its own there"),
    (
        "static-sharing/overwritten-static/bad-inherited-algorithm",
        "a framework that is not there makes the beans and calls them",
    ),
];
