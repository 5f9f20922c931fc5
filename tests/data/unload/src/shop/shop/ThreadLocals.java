package shop;

final class ThreadLocals {
    private final String user;

    private ThreadLocals(String user) {
        this.user = user;
    }

    static final class InFinally {
        private static final ThreadLocal<ThreadLocals> CURRENT = new ThreadLocal<>();

        String handle(Runnable next) {
            CURRENT.set(new ThreadLocals("a")); // kept: thread-local locally
            try {
                next.run();
                return CURRENT.get().user;
            } finally {
                CURRENT.remove();
            }
        }
    }

    static final class NotOnException {
        private static final ThreadLocal<ThreadLocals> CURRENT = new ThreadLocal<>();

        String handle(Runnable next) {
            CURRENT.set(new ThreadLocals("a")); // kept: thread-local elsewhere
            next.run();
            String user = CURRENT.get().user;
            CURRENT.remove();
            return user;
        }
    }

    static final class SetToNull {
        private static final ThreadLocal<ThreadLocals> CURRENT = new ThreadLocal<>();

        void handle(Runnable next) {
            CURRENT.set(new ThreadLocals("a")); // kept: thread-local locally
            try {
                next.run();
            } finally {
                CURRENT.set(null);
            }
        }
    }

    /** What was there before is put back; only the first value is new. */
    static final class Restored {
        private static final ThreadLocal<ThreadLocals> CURRENT = new ThreadLocal<>();

        void handle(Runnable next) {
            ThreadLocals before = CURRENT.get();
            CURRENT.set(new ThreadLocals("a")); // kept: thread-local locally
            try {
                next.run();
            } finally {
                CURRENT.set(before);
            }
        }
    }

    /** A text keeps no loader. */
    static final class Plain {
        private static final ThreadLocal<String> CURRENT = new ThreadLocal<>();

        void handle(String user) {
            CURRENT.set(user);
        }
    }

    interface Interceptor {
        void before();

        void after();
    }

    static final class Around implements Interceptor {
        private static final ThreadLocal<ThreadLocals> CURRENT = new ThreadLocal<>();

        @Override
        public void before() {
            CURRENT.set(new ThreadLocals("a")); // kept: thread-local locally
        }

        @Override
        public void after() {
            CURRENT.remove();
        }
    }

    /** The thread is the module's own, and its values end with it. */
    static final class OnOwnThread {
        private static final ThreadLocal<ThreadLocals> CURRENT = new ThreadLocal<>();

        void start() {
            new Thread(this::run).start(); // kept: thread locally
        }

        private void run() {
            enter(new ThreadLocals("a"));
            System.out.println(CURRENT.get().user);
        }

        private static void enter(ThreadLocals value) {
            CURRENT.set(value); // kept: thread-local locally
        }
    }

    /** What others call, too, leaves its value on their threads. */
    static final class OnAnyThread {
        private static final ThreadLocal<ThreadLocals> CURRENT = new ThreadLocal<>();

        void start() {
            new Thread(this::run).start(); // kept: thread locally
        }

        void handle() {
            run();
        }

        private void run() {
            CURRENT.set(new ThreadLocals("a")); // kept: thread-local never
            System.out.println(CURRENT.get().user);
        }
    }

    static final class Initial {
        private static final ThreadLocal<ThreadLocals> CURRENT =
            ThreadLocal.withInitial(() -> new ThreadLocals("a"));
        private static final ThreadLocal<StringBuilder> TEXT = ThreadLocal.withInitial(StringBuilder::new);

        String user() {
            return CURRENT.get().user // kept: thread-local never
                + TEXT.get();
        }
    }
}
