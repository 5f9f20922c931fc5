package lib;

import java.util.Timer;
import java.util.TimerTask;

/** Timers in fields of objects that a user lets go of. */
public final class Timers {
    private Timer once;
    private Timer often;

    public void later(Runnable task) {
        once = new Timer(true); // says: timer-never-cancelled note
        once.schedule(of(task), 90_000);
    }

    public void again(Runnable task) {
        often = new Timer(true); // says: timer-never-cancelled warning
        often.schedule(of(task), 10, 10);
    }

    private static TimerTask of(Runnable task) {
        return new TimerTask() {
            @Override
            public void run() {
                task.run();
            }
        };
    }
}
