package shop;

import java.util.Timer;
import java.util.TimerTask;

/** A timer ends with its last reference, once nothing is left to do. */
final class Timers {
    private Timers() {}

    static void once() {
        new Timer().schedule(new Task(), 100); // kept: timer locally
    }

    static void tomorrow() {
        new Timer().schedule(new Task(), 86_400_000); // kept: timer when-unreferenced
    }

    static void daily() {
        new Timer().schedule(new Task(), 0, 86_400_000); // kept: timer never
    }

    static void on(Timer timer) {
        timer.schedule(new Again(timer), 1);
    }

    static void againAndAgain() {
        on(new Timer()); // kept: timer when-unreferenced
    }

    static class Task extends TimerTask {
        @Override
        public void run() {
            System.out.println("now");
        }
    }

    static final class Again extends TimerTask {
        private final Timer timer;

        Again(Timer timer) {
            this.timer = timer;
        }

        @Override
        public void run() {
            timer.schedule(new Again(timer), 1);
        }
    }

    static final class InField {
        private final Timer timer = new Timer(); // kept: timer locally

        void begin() {
            timer.schedule(new Task(), 1);
        }
    }

    static final class InHeldField {
        private final Timer timer = new Timer(); // kept: timer when-unreferenced

        void begin() {
            timer.schedule(new Task(), 1);
        }
    }

    static final class Holder {
        private static final InHeldField HELD = new InHeldField();

        private Holder() {}

        static void use() {
            HELD.begin();
            new InField().begin();
        }
    }

    static void all() {
        once();
        tomorrow();
        daily();
        againAndAgain();
        Holder.use();
    }
}
