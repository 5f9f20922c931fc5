package lib;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;

/** Threads, and how long they run. */
public final class Threads {
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private volatile boolean isStopped;

    public void readAllForEver() {
        Thread reader = new Thread(this::read, "reader");
        reader.start(); // says: thread-outlives-module warning
    }

    /** Waits a while, but ends. */
    public void once() {
        new Thread(this::wait1, "once").start();
    }

    public void untilStopped() {
        new Thread(this::loop, "loop").start(); // says: thread-outlives-module note
    }

    /** Runs whatever it is given. */
    public static Executor each() {
        return task -> new Thread(task).start(); // says: thread-outlives-module note
    }

    public void stop() {
        isStopped = true;
    }

    private void read() {
        while (true) {
            try {
                System.out.println(System.in.read());
            } catch (java.io.IOException e) {
                System.err.println(e.getMessage());
            }
        }
    }

    private void wait1() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void loop() {
        while (!isStopped) {
            System.out.println(lines.poll());
        }
    }
}
