package shop;

import jakarta.annotation.PreDestroy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import lib.Workers;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.stereotype.Component;

final class Pools {
    private Pools() {}

    @Component
    static class InList {
        private final List<ExecutorService> pools = new ArrayList<>();

        void grow() {
            pools.add(Executors.newFixedThreadPool(1)); // kept: executor at-unload
        }

        @PreDestroy
        void end() {
            for (ExecutorService pool : pools) {
                pool.shutdown();
            }
        }
    }

    @Component
    static class InMap {
        private final Map<String, ExecutorService> pools = new HashMap<>();

        ExecutorService of(String name) {
            return pools.computeIfAbsent(name, n -> Executors.newFixedThreadPool(1)); // kept: executor at-unload
        }

        @PreDestroy
        void end() {
            pools.values().forEach(ExecutorService::shutdownNow);
        }
    }

    @Component
    static class InArray {
        private final ExecutorService[] pools = new ExecutorService[2];

        InArray() {
            for (int i = 0; i < pools.length; i++) {
                pools[i] = Executors.newFixedThreadPool(1); // kept: executor at-unload
            }
        }

        @PreDestroy
        void end() {
            for (ExecutorService pool : pools) {
                pool.shutdown();
            }
        }
    }

    @Component
    static class InReference implements DisposableBean {
        private final AtomicReference<ExecutorService> pool = new AtomicReference<>();

        void begin() {
            pool.set(Executors.newFixedThreadPool(1)); // kept: executor at-unload
        }

        @Override
        public void destroy() {
            ExecutorService old = pool.getAndSet(null);
            if (old != null) {
                old.shutdown();
            }
        }
    }

    @Component
    static class Wrapped {
        private final ExecutorService pool =
            Executors.unconfigurableExecutorService(Executors.newFixedThreadPool(1)); // kept: executor at-unload
        private final ExecutorService lost =
            Executors.unconfigurableExecutorService(Executors.newFixedThreadPool(1)); // kept: executor never

        @PreDestroy
        void end() {
            pool.shutdown();
        }

        int size() {
            return lost.isShutdown() ? 0 : 1;
        }
    }

    @Component
    static class FromFactory {
        private final ExecutorService kept = Workers.make(); // kept: executor at-unload
        private final ExecutorService lost = Workers.make(); // kept: executor never

        @PreDestroy
        void end() {
            kept.shutdown();
            System.out.println(lost);
        }
    }

    @Component
    static class InHolder {
        private final Workers.Holder holder = new Workers.Holder(Executors.newFixedThreadPool(1)); // kept: executor at-unload

        @PreDestroy
        void end() {
            holder.close();
        }
    }

    @Component
    static class ThroughGetter {
        private ExecutorService pool;

        void use(ExecutorService given) {
            pool = given;
        }

        ExecutorService pool() {
            return pool;
        }
    }

    @Component
    static class GetterUser implements DisposableBean {
        private final ThroughGetter other = new ThroughGetter();

        GetterUser() {
            other.use(Executors.newFixedThreadPool(1)); // kept: executor at-unload
        }

        @Override
        public void destroy() {
            other.pool().shutdownNow();
        }
    }

    @Component
    static class Registered {
        private final Workers.Stopper stopper = new Workers.Stopper();

        void begin() {
            ExecutorService pool = Executors.newFixedThreadPool(1); // kept: executor at-unload
            stopper.add(pool);
        }

        @PreDestroy
        void end() {
            stopper.stop();
        }
    }

    /** Iterators of the deployment's own do not hide those of the JDK. */
    static class Countdown implements java.util.Iterator<Integer> {
        private int left = 3;

        @Override
        public boolean hasNext() {
            return left > 0;
        }

        @Override
        public Integer next() {
            return left--;
        }
    }

    /** A subclass that nobody makes. */
    static class NeverMade extends OwnPool {
        NeverMade() {
            super(3);
        }
    }

    static class OwnPool extends ThreadPoolExecutor {
        OwnPool(int n) {
            super(n, n, 1, TimeUnit.MINUTES, new LinkedBlockingQueue<>());
        }
    }

    @Component
    static class Derived {
        private final OwnPool kept = new OwnPool(1); // kept: executor at-unload
        private final OwnPool lost = new OwnPool(2); // kept: executor never

        @PreDestroy
        void end() {
            kept.shutdown();
            System.out.println(lost);
        }
    }

    static final class Local {
        int add(List<Callable<Integer>> parts) throws Exception {
            ExecutorService pool = Executors.newFixedThreadPool(2); // kept: executor locally
            try {
                return pool.invokeAny(parts);
            } finally {
                close(pool);
            }
        }

        private static void close(ExecutorService pool) {
            pool.shutdown();
        }

        void forget(Runnable task) {
            ExecutorService pool = Executors.newFixedThreadPool(2); // kept: executor never
            pool.execute(task);
        }

        void hand(Runnable task) {
            ScheduledExecutorService pool = Executors.newScheduledThreadPool(1); // kept: scheduled-executor locally
            pool.schedule(task, 1, TimeUnit.SECONDS);
            pool.shutdown();
        }
    }

    /** Replaced at each start; the old one is stopped, the last one is not. */
    @Component
    static class Restarted {
        private ExecutorService pool;

        public void restart() {
            if (pool != null) {
                pool.shutdown();
            }
            pool = Executors.newFixedThreadPool(1); // kept: executor elsewhere
        }
    }

    static final class Shared {
        void use() {
            Workers.named("shop").execute(() -> System.out.println("x"));
        }
    }
}
