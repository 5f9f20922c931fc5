package shop;

public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        new Pools.Shared().use();
    }
}
