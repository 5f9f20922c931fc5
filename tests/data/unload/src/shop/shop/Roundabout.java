package shop;

import jakarta.annotation.PreDestroy;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.WatchService;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Scope;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.stereotype.Component;

/** What is released, but not by a call in a callback on the field that holds it. */
final class Roundabout {
    private Roundabout() {}

    /** Whoever makes one has it in a list, too, which the callback walks. */
    @Component
    static class Listed {
        private static final List<ExecutorService> ALL = new ArrayList<>();
        private final ExecutorService own = make(); // kept: executor at-unload

        private static ExecutorService make() {
            ExecutorService made = Executors.newFixedThreadPool(1);
            ALL.add(made);
            return made;
        }

        void work() {
            own.execute(() -> {});
        }

        @PreDestroy
        void end() {
            for (ExecutorService each : ALL) {
                each.shutdownNow();
            }
        }
    }

    interface Context {
        void add(ApplicationListener<?> listener);

        void destroyed(String name, DisposableBean bean);
    }

    /** The container calls a function. */
    static final class ByListener {
        private final ExecutorService own = Executors.newFixedThreadPool(1); // kept: executor at-unload

        void register(Context context) {
            ApplicationListener<ContextClosedEvent> listener = event -> own.shutdown();
            context.add(listener);
        }
    }

    static final class ByMethodReference {
        private final ExecutorService own = Executors.newFixedThreadPool(1); // kept: executor at-unload

        void register(Context context) {
            context.destroyed("own", own::shutdown);
        }
    }

    /** No container destroys such a bean. */
    @Component
    @Scope("prototype")
    static class Each {
        private final ExecutorService own = Executors.newFixedThreadPool(1); // kept: executor elsewhere

        void work() {
            own.execute(() -> {});
        }

        @PreDestroy
        void end() {
            own.shutdown();
        }
    }

    /** The module's own pool, which it ends. */
    @Component
    static class OwnPool {
        private static final ThreadLocal<Roundabout> CURRENT = new ThreadLocal<>();
        private final ExecutorService own = Executors.newFixedThreadPool(1); // kept: executor at-unload

        void start() {
            own.execute(this::work);
        }

        private void work() {
            CURRENT.set(new Roundabout()); // kept: thread-local locally
            System.out.println(CURRENT.get());
        }

        @PreDestroy
        void end() {
            own.shutdownNow();
        }
    }

    /** Closes what it reads when it is told to stop. */
    @Component
    static class Watching implements Runnable {
        private volatile boolean isStopped;
        private WatchService watch;

        void start() throws IOException {
            watch = FileSystems.getDefault().newWatchService(); // kept: watch-service at-unload
            new Thread(this).start(); // kept: thread at-unload
        }

        @Override
        public void run() {
            try {
                while (!isStopped) {
                    System.out.println(watch.poll());
                }
            } finally {
                close();
            }
        }

        private void close() {
            try {
                watch.close();
            } catch (IOException e) {
                System.err.println(e.getMessage());
            }
        }

        @PreDestroy
        void end() {
            isStopped = true;
        }
    }

    /** Set and removed by an object that its user closes. */
    static final class Opened implements AutoCloseable {
        private static final ThreadLocal<Roundabout> CURRENT = new ThreadLocal<>();

        Opened(Roundabout value) {
            CURRENT.set(value); // kept: thread-local locally
        }

        static void use(Runnable work) {
            try (Opened scope = new Opened(new Roundabout())) {
                work.run();
                System.out.println(CURRENT.get() + scope.toString());
            }
        }

        @Override
        public void close() {
            CURRENT.remove();
        }
    }

    /** What is put into a thread's map stays with the thread. */
    static final class InMap {
        private static final ThreadLocal<Map<String, Object>> CONTEXT = ThreadLocal.withInitial(HashMap::new);

        void handle(String user) {
            CONTEXT.get().put(user, new Roundabout()); // kept: thread-local never
        }
    }

    static final class InMapWithTexts {
        private static final ThreadLocal<Map<String, Object>> CONTEXT = ThreadLocal.withInitial(HashMap::new);

        void handle(String user) {
            CONTEXT.get().put(user, user);
        }
    }

    static final class OnStack {
        private static final ThreadLocal<Deque<Object>> STACK = ThreadLocal.withInitial(ArrayDeque::new);

        void handle(Runnable next) {
            STACK.get().push(new Roundabout());
            try {
                next.run();
            } finally {
                STACK.get().pop();
            }
        }
    }
}
