package features;

import java.io.Closeable;
import java.io.IOException;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/** One of everything that javac writes. */
@Features.Mark(name = "class", numbers = {1, 2, 3}, types = {String.class, int[].class}, level = Features.Level.HIGH,
        nested = @Features.Inner(c = 'x', d = 1.5, f = 2.5f, l = 3L, b = 4, s = 5, z = true))
public abstract class Features<T extends Comparable<T>> implements Closeable {
    @Retention(RetentionPolicy.RUNTIME)
    @interface Inner { char c(); double d(); float f(); long l(); byte b(); short s(); boolean z(); }

    @Retention(RetentionPolicy.CLASS)
    @interface Mark {
        String name() default "none";
        int[] numbers() default {};
        Class<?>[] types() default {};
        Level level() default Level.LOW;
        Inner[] nested() default {};
    }

    enum Level { LOW, HIGH { @Override int weight() { return 2; } }; int weight() { return 1; } }

    sealed interface Shape permits Circle, Square {}
    record Circle(double radius) implements Shape {}
    record Square(@Deprecated int side, List<String> labels) implements Shape {}

    static final int INT = 123_456_789;
    static final long LONG = 1L << 40;
    static final float FLOAT = Float.NaN;
    static final double DOUBLE = -0.0;
    static final String TEXT = "\0 \u00e9 \u20ac \uD83D\uDE00 lone \uD83D end";
    private volatile int counter;
    private transient Object[][] grid = new Object[3][4];
    protected T value;

    @Mark(name = "method") @SuppressWarnings("unchecked")
    static <X> X arithmetic(int i, long l, float f, double d, @Deprecated X x) {
        i = i * 3 + (i / 2) % 7 - (i << 2) ^ (i >> 1) & (i >>> 3) | ~i;
        l = l * 3L + (l / 2L) % 7L - (l << 2) ^ (l >> 1) & (l >>> 3) | -l;
        f = f * 3f + (f / 2f) % 7f - -f;
        d = d * 3d + (d / 2d) % 7d - -d;
        byte b = (byte) i; char c = (char) i; short s = (short) i;
        boolean z = l > 3 && f < 2 || d >= 1 && i != 5;
        long wide = (long) i + (long) f + (long) d + b + c + s + (z ? 1 : 0);
        double sum = (double) i + (double) l + (double) f + wide;
        float low = (float) i + (float) l + (float) d + (int) sum + (int) f + (int) l;
        return low > 0 ? x : null;
    }

    int switches(int dense, String text, Level level) {
        int result = switch (dense) { case 0 -> 1; case 1 -> 5; case 2, 3 -> 7; default -> -1; };
        switch (dense) { case -1000: result++; break; case 1_000_000: result--; break; default: result += 1000; }
        switch (text) { case "Aa": case "BB": result += 70000; break; case "c": return 3; default: }
        switch (level) { case LOW: result = 32767; break; case HIGH: result = -128; }
        return result;
    }

    int exceptions(Callable<Integer> call) throws IOException {
        synchronized (this) {
            try (Closeable first = this; Closeable second = () -> counter++) {
                return call.call();
            } catch (IllegalStateException | IllegalArgumentException e) {
                throw new IOException("state " + e.getMessage() + counter, e);
            } catch (Exception e) {
                assert e != null : "never";
                return -1;
            } finally {
                counter--;
            }
        }
    }

    Supplier<Object> lambdas(String text, long l) {
        IntSupplier a = text::length;
        BiFunction<Integer, Object, int[]> b = (n, o) -> new int[n];
        Supplier<List<String>> c = ArrayList::new;
        Runnable d = new Runnable() { @Override public void run() { counter += 1000; lambdas(text, l); } };
        class Local { Object it() { return text + l; } }
        return () -> a.getAsInt() + l + b.apply(1, c).length + d.toString() + new Local().it();
    }

    int loops(int[] numbers, Object o) {
        int sum = 0;
        outer:
        for (int n : numbers) {
            for (long i = 0; i < n; i++) { if (i == 77) continue outer; if (i > 99) break outer; sum += i; }
            do { sum--; } while (sum > 10000);
        }
        grid[1][2] = o;
        byte[] bytes = {1, -1}; char[] chars = {'a'}; short[] shorts = {2}; float[] floats = {1f, 2f, 0f};
        double[] doubles = {1d, 0d}; long[] longs = {0L, 1L}; boolean[] flags = {true}; String[] texts = {TEXT};
        sum += bytes[0] + chars[0] + shorts[0] + (int) floats[0] + (int) doubles[0] + (int) longs[1] + texts.length;
        sum += flags[0] ? 1 : 0;
        return o instanceof String s && s.length() > 2 ? ((String) o).charAt(sum) : grid.length;
    }

    abstract T itself(T value);
    native void outside();
    strictfp static void varargs(Object... all) { int[][][] cube = new int[2][3][]; cube[0][1] = new int[all.length]; }
}
