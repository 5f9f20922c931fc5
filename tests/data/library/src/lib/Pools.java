package lib;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Pools of threads, and whose they are. */
public final class Pools {
    private final ExecutorService lost = Executors.newFixedThreadPool(1); // says: executor-never-shut-down warning
    private final ExecutorService owned = Executors.newFixedThreadPool(1); // says: executor-never-shut-down note
    private final Box<ExecutorService> boxed = new Box<>(Executors.newFixedThreadPool(1)); // says: executor-never-shut-down note

    /** Its threads have the loader of this class, whoever needs the first. */
    private static final ExecutorService OF_ALL = Executors.newFixedThreadPool(1, task -> { // says: executor-never-shut-down note
        Thread thread = new Thread(task);
        thread.setContextClassLoader(Pools.class.getClassLoader());
        return thread;
    });

    public static void forAll() {
        OF_ALL.execute(() -> System.out.println("done"));
    }

    /** Who asks for it owns it. */
    public static ExecutorService make() {
        return Executors.newFixedThreadPool(2); // says: executor-never-shut-down note
    }

    /** Its threads end when they have nothing to do. */
    public static ExecutorService idle() {
        return new ThreadPoolExecutor(0, 2, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>());
    }

    /** The process ends with it. */
    public static void main(String[] args) {
        ExecutorService executor = Executors.newFixedThreadPool(args.length); // says: executor-never-shut-down note
        executor.execute(() -> System.out.println("done"));
    }

    public void forgotten(Runnable task) {
        ExecutorService executor = Executors.newFixedThreadPool(2); // says: executor-never-shut-down warning
        executor.execute(task);
    }

    public void work(Runnable task) {
        lost.execute(task);
        owned.execute(task);
        boxed.value.execute(task);
    }

    public void stop() {
        owned.shutdown();
    }

    /** Holds anything. */
    private static final class Box<T> {
        private final T value;

        Box(T value) {
            this.value = value;
        }
    }
}
