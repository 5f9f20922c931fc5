package shop;

import jakarta.annotation.PreDestroy;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.springframework.stereotype.Component;

final class Threads {
    private Threads() {}

    @Component
    static class Flagged implements Runnable {
        private volatile boolean running = true;

        void begin() {
            new Thread(this).start(); // kept: thread at-unload
        }

        @Override
        public void run() {
            while (running) {
                work();
            }
        }

        void work() {
            try {
                Thread.sleep(10);
            } catch (InterruptedException e) {
                System.out.println(e);
            }
        }

        @PreDestroy
        void end() {
            running = false;
        }
    }

    @Component
    static class AtomicFlag {
        private final AtomicBoolean stop = new AtomicBoolean();

        void begin() {
            Thread thread = new Thread(() -> {
                while (!stop.get()) {
                    pause();
                }
            });
            thread.start(); // kept: thread at-unload
        }

        private static void pause() {
            try {
                Thread.sleep(10);
            } catch (InterruptedException e) {
                System.out.println(e);
            }
        }

        @PreDestroy
        void end() {
            stop.set(true);
        }
    }

    /** The flag is there, but nothing that runs at unload sets it. */
    @Component
    static class FlagNotSet extends Thread {
        private volatile boolean running = true;

        FlagNotSet() {
            start(); // kept: thread elsewhere
        }

        @Override
        public void run() {
            while (running) {
                Thread.yield();
            }
        }

        public void halt() {
            running = false;
        }
    }

    @Component
    static class SocketClosed {
        private ServerSocket socket;

        void open() throws Exception {
            socket = new ServerSocket(0);
            Thread thread = new Thread(this::serve);
            thread.setDaemon(true);
            thread.start(); // kept: thread at-unload
        }

        private void serve() {
            try {
                while (true) {
                    socket.accept().close();
                }
            } catch (java.io.IOException e) {
                System.out.println(e);
            }
        }

        @PreDestroy
        void end() throws Exception {
            socket.close();
        }
    }

    static final class Endless {
        private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();

        void begin() {
            Thread thread = new Thread(() -> {
                try {
                    for (;;) {
                        tasks.take().run();
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            thread.start(); // kept: thread never
        }
    }

    static final class Short {
        void begin(List<String> names) {
            new Thread(() -> names.forEach(System.out::println)).start(); // kept: thread locally
            new Thread(() -> {
                for (String name : names) {
                    System.out.println(name);
                }
            }).start(); // kept: thread locally
            new Thread(() -> {
                for (int i = 0; i < 10; i++) {
                    System.out.println(i);
                }
            }).start(); // kept: thread locally
        }
    }

    static final class Joined {
        void work(BlockingQueue<String> names) throws InterruptedException {
            List<Thread> all = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Thread thread = new Thread(() -> print(names));
                thread.start(); // kept: thread locally
                all.add(thread);
            }
            for (Thread thread : all) {
                thread.join();
            }
        }

        private static void print(BlockingQueue<String> names) {
            try {
                System.out.println(names.take());
            } catch (InterruptedException e) {
                System.out.println(e);
            }
        }
    }

    @Component
    static class Interrupted {
        private final List<Thread> threads = new ArrayList<>();

        void begin(Runnable task) {
            Thread thread = new Thread(task);
            threads.add(thread);
            thread.start(); // kept: thread at-unload
        }

        @PreDestroy
        void end() {
            threads.forEach(Thread::interrupt);
        }
    }
}
