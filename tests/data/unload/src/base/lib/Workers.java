package lib;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/** What applications share. */
public final class Workers {
    private static final Map<String, ExecutorService> BY_NAME = new ConcurrentHashMap<>();

    private Workers() {}

    /** Who asks for it owns it. */
    public static ExecutorService make() {
        return wrap(Executors.newFixedThreadPool(1));
    }

    private static ExecutorService wrap(ExecutorService executor) {
        return Executors.unconfigurableExecutorService(executor);
    }

    /** The library keeps it, and nobody stops it. */
    public static ExecutorService named(String name) {
        return BY_NAME.computeIfAbsent(name, n -> Executors.newCachedThreadPool()); // kept: executor when-idle
    }

    /** Holds a pool and stops it when it is told so. */
    public static class Holder implements AutoCloseable {
        private final ExecutorService own;

        public Holder(ExecutorService own) {
            this.own = own;
        }

        public ExecutorService own() {
            return own;
        }

        @Override
        public void close() {
            own.shutdown();
        }
    }

    /** Stops what was put in. */
    public static class Stopper {
        private final List<ExecutorService> all = new ArrayList<>();

        public <T extends ExecutorService> T add(Supplier<T> maker) {
            T made = maker.get();
            all.add(made);
            return made;
        }

        public void add(ExecutorService executor) {
            all.add(executor);
        }

        public void stop() {
            for (ExecutorService executor : all) {
                executor.shutdownNow();
            }
        }
    }
}
