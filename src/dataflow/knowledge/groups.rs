//! Group names that the analyses themselves ask for; the models say which methods belong to them.

/// Changes a container or an array: its receiver, or what the model says.
pub const CONTAINER_MUTATOR: &str = "container-mutator";
/// Changes the array that it acts on.
pub const ARRAY_MUTATOR: &str = "array-mutator";
/// Changes its receiver, an atomic.
pub const ATOMIC_MUTATOR: &str = "atomic-mutator";
/// Changes its receiver, a buffer, builder or other stateful object.
pub const BUFFER_MUTATOR: &str = "buffer-mutator";
/// Sets or removes the present thread's value.
pub const THREAD_LOCAL_MUTATOR: &str = "thread-local-mutator";
/// Its result shows and changes the receiver's entries.
pub const CONTAINER_VIEW: &str = "container-view";
/// Puts what it is given into its receiver, or yields a view of that, an element or a number, and tells nobody else.
pub const CONTAINER_INSIDE: &str = "container-inside";
/// Its result is an element of the receiver.
pub const CONTAINER_ELEMENT: &str = "container-element";
/// Has functions among its arguments run with elements of its receiver.
pub const FUNCTION_OF_ELEMENTS: &str = "function-of-elements";
/// Has functions among its arguments run with the argument that is its key.
pub const FUNCTION_OF_KEY: &str = "function-of-key";
/// Its result holds what its receiver holds; without one, its arguments or what they hold.
pub const SAME_ELEMENTS: &str = "same-elements";
/// Its result is what its receiver holds, one thing at most.
pub const ONLY_ELEMENT: &str = "only-element";
/// Its result is an array of what its receiver holds.
pub const ARRAY_OF_ELEMENTS: &str = "array-of-elements";
/// A stage of a stream whose result is what a function makes of the elements.
pub const STREAM_MAP: &str = "stream-map";
/// A stage after which the elements are gone, but for what its function keeps of them.
pub const STREAM_END: &str = "stream-end";
/// A stage that hands the elements on, after a function has seen them or without one.
pub const STREAM_PASS: &str = "stream-pass";
/// Puts elements into its receiver.
pub const COLLECTION_ADD: &str = "collection-add";
/// Puts an entry into its receiver.
pub const MAP_PUT: &str = "map-put";
/// Passes each entry of its receiver to a function.
pub const CONTAINER_WALK: &str = "container-walk";
/// Ends its receiver for all who use it.
pub const CLOSES_FOR_ALL: &str = "closes-for-all";
/// Yields what the receiver holds, or whether it holds it.
pub const CONTAINER_READ: &str = "container-read";
/// Yields whether nothing is in its receiver.
pub const CONTAINER_EMPTY: &str = "container-empty";
/// Sets its receiver, and yields whether nobody did before.
pub const ATOMIC_CLAIM: &str = "atomic-claim";
/// Writes the field that its receiver, a handle or reflective field, stands for.
pub const FIELD_WRITER: &str = "field-writer";
/// Writes the field whose offset is its second argument.
pub const OFFSET_WRITER: &str = "offset-writer";
/// Reads the field that its receiver, a handle or reflective field, stands for.
pub const FIELD_READER: &str = "field-reader";
/// Does what its receiver, a method handle, stands for.
pub const METHOD_HANDLE_CALL: &str = "method-handle-call";
/// Yields a method handle that writes a field.
pub const FIELD_SETTER_LOOKUP: &str = "field-setter-lookup";
/// Changes an array that is the argument it acts on, whatever else that may be.
pub const ELEMENT_WRITER: &str = "element-writer";
/// Yields the offset of the field that is its argument.
pub const FIELD_OFFSET: &str = "field-offset";
/// Its result can't be changed.
pub const IMMUTABLE_FACTORY: &str = "immutable-factory";
/// Its result shows its argument and can't be changed itself.
pub const UNMODIFIABLE_VIEW: &str = "unmodifiable-view";
/// Makes a box of its first argument.
pub const BOX_MAKER: &str = "box-maker";
/// Fills what a function among its arguments yields.
pub const SUPPLIED_FILLER: &str = "supplied-filler";
/// Tells the time.
pub const CLOCK: &str = "clock";
/// Yields the context class loader.
pub const CONTEXT_LOADER_GET: &str = "context-loader-get";
/// Sets the context class loader.
pub const CONTEXT_LOADER_SET: &str = "context-loader-set";
/// Runs the action that it is given, and yields what that yields.
pub const PRIVILEGED_CALL: &str = "privileged-call";
/// Yields the loader of a class.
pub const CLASS_GET_LOADER: &str = "class-get-loader";
/// Yields the loader above its receiver.
pub const LOADER_PARENT: &str = "loader-parent";
/// Yields the system or platform loader.
pub const SYSTEM_LOADER: &str = "system-loader";
/// Yields what looks classes up as the class that calls it does.
pub const CALLER_LOOKUP: &str = "caller-lookup";
/// Yields its last argument unless something else is set.
pub const DEFAULT_LAST: &str = "default-last";
/// Looks something up by the context class loader.
pub const CONTEXT_READING: &str = "tccl-reading";
/// Yields the table of system properties.
pub const SYSTEM_PROPERTIES: &str = "system-properties-get";
/// Yields its argument, or a view of it, where that is the table of system properties.
pub const SYSTEM_PROPERTIES_VIEW: &str = "system-properties-view";
/// Yields what whoever starts the JVM sets.
pub const SYSTEM_PROPERTY: &str = "system-property-value";
/// Its result is the receiver, or a stage after it: releasing one releases both.
pub const SAME_AS_RECEIVER: &str = "same-as-receiver";
/// Its result is small, and goes when the receiver is used again.
pub const REPLACED_BY_NEXT_USE: &str = "replaced-by-next-use";
/// Its result is released with the receiver, but not the receiver with it.
pub const RELEASED_WITH_RECEIVER: &str = "released-with-receiver";
/// Keeps what it makes where it is found again: one who drops its result wants it to stay.
pub const FOUND_AGAIN: &str = "found-again";
/// Looks up a file that is to lie on the class path of a class or a loader.
pub const FILE_LOOKUPS: [&str; 2] = ["get-resource", "class-get-resource"];
/// Releases the argument that it acts on, on every path.
pub const CLOSES_ARGUMENT: &str = "closes-argument";
/// Uses its arguments, and leaves them to the caller.
pub const BORROWS_ARGUMENT: &str = "borrows-argument";
/// Throws nothing, whatever happens.
pub const NEVER_THROWS: &str = "never-throws";
/// Declares what it throws in no implementation that is in use.
pub const DECLARES_IN_VAIN: &str = "declares-in-vain";
/// Reads what others wrote, and throws something unchecked if it is not as expected.
pub const REFUSES_TEXT: &str = "refuses-text";
/// Throws only if its caller has made a mistake.
pub const CALLER_CHECK: &str = "caller-check";
/// Throws only if its receiver has been released.
pub const FAILS_WHEN_CLOSED: &str = "fails-when-closed";
/// Throws by what it is given alone: where it has not thrown, it does not throw the next time.
pub const FAILS_BY_OPERANDS: &str = "fails-by-operands";
/// Tells whether its receiver has been released.
pub const CLOSED_TEST: &str = "closed-test";
/// Tells whether its receiver has not been released yet.
pub const OPEN_TEST: &str = "open-test";
/// Tells whether the present thread has its receiver, a lock.
pub const HELD_TEST: &str = "held-test";
/// Yields an object that it reads from a stream.
pub const OBJECT_READ: &str = "object-read";
/// Tells whether its argument is an object of its receiver, a class.
pub const CLASS_INSTANCE_TEST: &str = "class-instance-test";
/// Tells whether its argument, a class, is its receiver or below it.
pub const CLASS_SUBTYPE_TEST: &str = "class-subtype-test";
/// Casts its argument to its receiver, a class.
pub const CLASS_CAST: &str = "class-cast";
/// Looks for the annotation that is its argument on its receiver.
pub const ANNOTATION_LOOKUP: &str = "annotation-lookup";
/// Tells whether its receiver and its argument are equal.
pub const EQUALITY_TEST: &str = "equality-test";
/// Has its receiver, a pool, end by itself when it has had nothing to do for a while.
pub const IDLES_OUT: &str = "idles-out";
/// Ends the JVM.
pub const JVM_EXIT: &str = "jvm-exit";
/// Ask a loader for a class.
pub const CLASS_LOOKUPS: [&str; 2] = ["class-for-name-with-loader", "load-class"];
/// Yield the class of a name.
pub const CLASS_BY_NAME: [&str; 3] = ["class-for-name", "class-for-name-with-loader", "load-class"];
/// Removes an entry of its receiver.
pub const REMOVERS: [&str; 2] = ["map-remove", "collection-remove"];
/// Removes all entries of its receiver, or those that a test is about.
pub const CONTAINER_SWEEP: &str = "container-sweep";
/// Yields a thread that runs what it is given.
pub const NEW_THREAD: &str = "new-thread";
/// Makes an object of a class that reflection found, out of an array of what its constructor is given.
pub const REFLECTIVE_NEW: &str = "reflective-new";
/// Waits for what the garbage collector finds.
pub const COLLECTION_WAIT: &str = "collection-wait";
/// Waits for something that may never come: a thread that runs it may stay for ever.
pub const BLOCKING_CALL: &str = "blocking-call";
/// Those of them that yield nothing when nothing has come for a time.
pub const IDLE_WAIT: &str = "idle-wait";
/// Those of them that come to an end: of a time, or of what is read.
pub const PASSING_WAIT: &str = "passing-wait";
/// Asks what time it is.
pub const CLOCK_READ: &str = "clock-read";
/// A call that lets a wait of another thread on the same object go on.
pub const WAKES: &str = "wakes";
/// Is called back only where nothing has failed before.
pub const CALLED_ON_SUCCESS: &str = "called-on-success";
/// Yields a function that keeps what the one that it is given has made.
pub const FUNCTION_MEMO: &str = "function-memo";
/// Makes another object each time, and its receiver releases all of them with itself.
pub const MADE_EACH_TIME: &str = "made-each-time";
/// Is given what is called when its receiver is complete, however that ends.
pub const COMPLETION_CALLBACK: &str = "completion-callback";
/// Waits for a task's result, and throws what the task throws.
pub const RESULT_WAIT: &str = "result-wait";
/// Calls by which an object that keeps listeners for another one takes one.
pub const LISTENER_SUPPORT_ADD: &str = "listener-support-add";
/// The same, when it gives one up.
pub const LISTENER_SUPPORT_REMOVE: &str = "listener-support-remove";
/// Calls that tell whether a thread was interrupted.
pub const INTERRUPT_TEST: &str = "interrupt-test";
/// Keeps its second argument in a directory, under the name that is its first.
pub const NAMING_BIND: &str = "jndi-bind";
/// Yields what a directory holds under a name.
pub const NAMING_LOOKUP: &str = "jndi-lookup";
/// Has its receiver, or a pool, run the task that is its value.
pub const EXECUTOR_SUBMIT: &str = "executor-submit";
/// The same, again and again.
pub const REPEATED_TASK: &str = "repeated-task";
/// Reads the present thread's value, and makes it first if the variable has an initial value.
pub const THREAD_LOCAL_GET: &str = "thread-local-get";
