package lib;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** What ends in a roundabout way. */
public final class Ended {
    private Ended() {}

    /** Its only thread looks whether there is anything to do. */
    public static final class WhenIdle {
        private static ScheduledExecutorService pool;
        private static int n;

        public static synchronized void start(Runnable task) {
            if (pool == null) {
                pool = Executors.newScheduledThreadPool(1); // says: executor-never-shut-down note
                pool.scheduleWithFixedDelay(WhenIdle::look, 10, 10, TimeUnit.SECONDS); // says: task-left-on-shared-scheduler note
            }
            n++;
            pool.execute(task);
        }

        private static synchronized void look() {
            if (--n < 0) {
                pool.shutdownNow();
                pool = null;
            }
        }
    }

    /** The factory has told its listeners, which end the pool with the service. */
    public abstract static class Service {
        private Runnable atEnd;
        private ExecutorService pool;

        public void start() {
            pool = make(); // says: executor-never-shut-down note
            pool.execute(this::work);
        }

        protected abstract void work();

        public void stop() {
            atEnd.run();
        }

        private ExecutorService make() {
            ExecutorService made = Executors.newFixedThreadPool(1);
            atEnd = new Shutdown(made);
            return made;
        }
    }

    private static final class Shutdown implements Runnable {
        private final ExecutorService pool;

        Shutdown(ExecutorService pool) {
            this.pool = pool;
        }

        @Override
        public void run() {
            pool.shutdown();
        }
    }

    /** Its thread reads until the socket is closed. */
    public static final class Lines {
        private Socket socket;

        public void start(String host) throws IOException {
            socket = new Socket(host, 9999);
            BufferedReader reader = new BufferedReader(new InputStreamReader(socket.getInputStream()));
            new Thread(() -> read(reader)).start(); // says: thread-outlives-module note
        }

        private static void read(BufferedReader reader) {
            while (true) {
                try {
                    System.out.println(reader.readLine());
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            }
        }

        public void stop() throws IOException {
            socket.close();
        }
    }

    /** Its thread stays until somebody else comes to the barrier. */
    public static final class Barrier {
        private final CyclicBarrier barrier = new CyclicBarrier(2);

        public void hold() {
            Thread holder = new Thread(this::await);
            holder.setDaemon(false);
            holder.start(); // says: thread-outlives-module note
        }

        public void let() throws BrokenBarrierException, InterruptedException {
            barrier.await();
        }

        private void await() {
            try {
                barrier.await();
            } catch (BrokenBarrierException | InterruptedException e) {
                System.err.println(e.getMessage());
            }
        }
    }
}
