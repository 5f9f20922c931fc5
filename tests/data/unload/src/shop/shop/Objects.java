package shop;

import jakarta.annotation.PreDestroy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.springframework.stereotype.Component;

/** Objects of one class, of which one is released and another is not. */
final class Objects {
    private Objects() {}

    /** Has a pool. */
    static final class Limiter {
        private final ScheduledExecutorService pool = Executors.newScheduledThreadPool(1); // kept: scheduled-executor of-others

        static Limiter of() {
            return new Limiter();
        }

        void run(Runnable task) {
            pool.schedule(task, 1, TimeUnit.SECONDS);
        }

        void close() {
            pool.shutdown();
        }
    }

    @Component
    static class OneClosed {
        private final Limiter closed = Limiter.of();
        private final Limiter left = Limiter.of();

        void work() {
            closed.run(this::work);
            left.run(this::work);
        }

        @PreDestroy
        void end() {
            closed.close();
        }
    }

    /** As before, but all of them are closed. */
    static final class Gate {
        private final ScheduledExecutorService pool = Executors.newScheduledThreadPool(1); // kept: scheduled-executor at-unload

        static Gate of() {
            return new Gate();
        }

        void run(Runnable task) {
            pool.schedule(task, 1, TimeUnit.SECONDS);
        }

        void close() {
            pool.shutdown();
        }
    }

    @Component
    static class AllClosed {
        private final Gate one = Gate.of();
        private final Gate other = Gate.of();

        void work() {
            one.run(this::work);
            other.run(this::work);
        }

        @PreDestroy
        void end() {
            one.close();
            other.close();
        }
    }

    /** Keeps what it has started in a list, whose elements a function ends. */
    static final class Scope {
        private final List<ExecutorService> mine = new ArrayList<>();

        static Scope of() {
            return new Scope();
        }

        Scope start(Runnable task) {
            ExecutorService pool = Executors.newFixedThreadPool(1); // kept: executor of-others
            pool.execute(task);
            mine.add(pool);
            return this;
        }

        void close() {
            mine.forEach(pool -> pool.shutdownNow());
        }
    }

    @Component
    static class OneDropped {
        private final Scope scope = Scope.of();

        void work() {
            scope.start(this::work);
            Scope.of().start(this::work);
        }

        @PreDestroy
        void end() {
            scope.close();
        }
    }

    /** What was there before is lost. */
    @Component
    static class Overwriting {
        private ExecutorService pool = Executors.newFixedThreadPool(1); // kept: executor at-unload

        void resize(int n) {
            pool = Executors.newFixedThreadPool(n); // kept: executor replaced
        }

        void work() {
            pool.execute(this::work);
        }

        @PreDestroy
        void end() {
            pool.shutdown();
        }
    }

    /** What was there before is ended first. */
    @Component
    static class Exchanging {
        private ExecutorService pool = Executors.newFixedThreadPool(1); // kept: executor at-unload

        void resize(int n) {
            pool.shutdown();
            pool = Executors.newFixedThreadPool(n); // kept: executor at-unload
        }

        void work() {
            Future<?> done = pool.submit(this::work);
            done.cancel(true);
        }

        @PreDestroy
        void end() {
            pool.shutdown();
        }
    }
}
