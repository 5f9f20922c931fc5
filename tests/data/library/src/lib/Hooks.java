package lib;

import java.io.Closeable;
import java.util.ArrayList;
import java.util.List;

/** Hooks of the JVM, and who takes them out again. */
public final class Hooks {
    private static final List<Runnable> TASKS = new ArrayList<>();
    private static Thread hook;

    private Hooks() {}

    /** There is one hook as long as somebody has a task. */
    static synchronized void add(Runnable task) {
        if (hook == null) {
            hook = new Thread(Hooks::runAll);
            Runtime.getRuntime().addShutdownHook(hook); // says: shutdown-hook-from-module note
        }
        TASKS.add(task);
    }

    static synchronized void remove(Runnable task) {
        TASKS.remove(task);
        if (TASKS.isEmpty() && hook != null) {
            Runtime.getRuntime().removeShutdownHook(hook);
            hook = null;
        }
    }

    /** Whoever asks for it has it. */
    public static void atEnd(Runnable task) {
        Runtime.getRuntime().addShutdownHook(new Thread(task)); // says: shutdown-hook-from-module note
    }

    private static void runAll() {
        TASKS.forEach(Runnable::run);
    }

    /** Closing it takes its hook out. */
    public static final class Journal implements Closeable {
        private Thread hook;

        public void writeAtExit() {
            hook = new Thread(System.out::flush);
            Runtime.getRuntime().addShutdownHook(hook); // says: shutdown-hook-from-module note
        }

        @Override
        public void close() {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
    }

    /** Who makes it has nothing to do with who stops it. */
    public static final class Reporter {
        private Thread hook;

        public void reportAtExit() {
            hook = new Thread(System.out::flush);
            Runtime.getRuntime().addShutdownHook(hook); // says: shutdown-hook-from-module warning
        }

        public void stop() {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
    }
}
