package lib;

/** Has a task among the hooks from its beginning to its end. */
public class Screen {
    private final Runnable restore = System.out::flush;

    public void open() {
        Hooks.add(restore);
    }

    public void leave() {
        Hooks.remove(restore);
    }
}
