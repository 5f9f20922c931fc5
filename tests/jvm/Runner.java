package proof;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.ref.WeakReference;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.sql.DriverManager;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarFile;

/**
 * Runs a deployment as its container would: a base, modules under loaders of their own, started in order and unloaded
 * one after the other. Tells what it sees on the way.
 *
 * <pre>Runner OUT TOPOLOGY CONTEXT BASE_JARS MODULE=JAR...</pre>
 *
 * {@code CONTEXT} is whose loader the starting thread has as its context: {@code module}, or {@code base} for a call
 * that comes from a thread of the base.
 */
public final class Runner {
    private static final int COLLECTIONS = 14;
    private static final long THREADS_END_MILLIS = 1_500;

    private final Events events;
    private final String topology;
    private final boolean isFromBase;
    private final ModuleLoader base;
    private final List<String> baseClasses = new ArrayList<>();
    private final Map<String, ModuleLoader> modules = new LinkedHashMap<>();
    private final Map<String, String> jars = new LinkedHashMap<>();
    private final Map<String, ByteArrayOutputStream> printed = new LinkedHashMap<>();
    private final Globals globals;

    public static void main(String[] arguments) throws Exception {
        Runner runner = new Runner(arguments);
        runner.startAll();
        runner.unloadAll();
        runner.events.tell("end");
        Runtime.getRuntime().halt(0);
    }

    private Runner(String[] arguments) throws Exception {
        events = new Events(arguments[0]);
        Sites.events = events;
        topology = arguments[1];
        isFromBase = arguments[2].equals("base");
        String[] baseJars = arguments[3].split(File.pathSeparator);
        base = ModuleLoader.base(urls(baseJars));
        for (String jar : baseJars) {
            baseClasses.addAll(classes(jar));
        }
        for (int i = 4; i < arguments.length; i++) {
            String[] module = arguments[i].split("=", 2);
            jars.put(module[0], module[1]);
        }
        DriverManager.registerDriver(new PaperDriver());
        System.setOut(new PrintStream(new Split(), true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8));
        globals = new Globals();
    }

    /** What is printed goes to the tenant that the runner is busy with. */
    private final class Split extends OutputStream {
        @Override
        public void write(int b) {
            synchronized (printed) {
                printed.computeIfAbsent(Sites.tenant, key -> new ByteArrayOutputStream()).write(b);
            }
        }
    }

    private void startAll() throws Exception {
        for (Map.Entry<String, String> each : jars.entrySet()) {
            String name = each.getKey();
            ModuleLoader module = ModuleLoader.module(topology, name, urls(each.getValue()), base);
            modules.put(name, module);
            start(name, module);
        }
        tellViews();
        tellPrinted();
    }

    private void start(String name, ModuleLoader module) throws Exception {
        Sites.tenant = name;
        ClassLoader context = isFromBase ? base : module;
        Thread.currentThread().setContextClassLoader(context);
        try {
            Method run = module.loadClass(name + ".Main").getMethod("run");
            run.invoke(null);
        } catch (InvocationTargetException e) {
            tellFailure(name, e.getCause());
        }
        ClassLoader after = Thread.currentThread().getContextClassLoader();
        events.tell("context", "tenant", name, "before", Views.owner(context), "after", Views.owner(after));
        tellProviders(name, module);
        Thread.currentThread().setContextClassLoader(module);
        Container.makeBeans(module, classes(jars.get(name)));
        Thread.currentThread().setContextClassLoader(base);
        globals.changedBy(name);
    }

    private void tellFailure(String tenant, Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            StringBuilder frames = new StringBuilder();
            for (StackTraceElement frame : each.getStackTrace()) {
                frames.append(frame.getClassName()).append('#').append(frame.getMethodName()).append(':')
                        .append(frame.getLineNumber()).append(' ');
            }
            events.tell("thrown", "tenant", tenant, "type", each.getClass().getName(), "message",
                    String.valueOf(each.getMessage()), "frames", frames.toString());
        }
    }

    private void tellProviders(String tenant, ModuleLoader module) throws IOException {
        try (JarFile jar = new JarFile(jars.get(tenant))) {
            for (var entries = jar.entries(); entries.hasMoreElements();) {
                var entry = entries.nextElement();
                if (!entry.getName().startsWith("META-INF/services/") || entry.isDirectory()) {
                    continue;
                }
                try (InputStream in = jar.getInputStream(entry)) {
                    for (String provider : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\\s+")) {
                        boolean isFound = module.defined(provider) != null;
                        events.tell("provider", "tenant", tenant, "class", provider, "found", String.valueOf(isFound));
                    }
                }
            }
        }
    }

    /** What every module that is up finds in shared fields and in the JVM's. */
    private void tellViews() {
        for (String tenant : modules.keySet()) {
            List<Class<?>> types = new ArrayList<>();
            for (String name : baseClasses) {
                Class<?> type = base.defined(name);
                if (type != null) {
                    types.add(type);
                }
            }
            Views.of(tenant, types).forEach((cell, view) -> events.tell("cell", "tenant", tenant, "cell", cell, "view", view));
            globals.view().forEach((name, view) -> events.tell("global", "tenant", tenant, "cell", name, "view", view));
        }
    }

    private void tellPrinted() {
        synchronized (printed) {
            printed.forEach((tenant, text) -> events.tell("printed", "tenant", tenant, "text",
                    text.toString(StandardCharsets.UTF_8)));
        }
    }

    private void unloadAll() throws Exception {
        for (String name : List.copyOf(modules.keySet())) {
            WeakReference<ClassLoader> loader = unload(name);
            boolean isCollected = isCollected(loader);
            events.tell(isCollected ? "collected" : "kept", "tenant", name);
            tellThreads(name);
            globals.changedBy(name);
            tellViews();
        }
    }

    private WeakReference<ClassLoader> unload(String name) throws Exception {
        Sites.tenant = name;
        ModuleLoader module = modules.get(name);
        Thread.currentThread().setContextClassLoader(module);
        Container.unload(topology, module);
        Thread.currentThread().setContextClassLoader(base);
        awaitThreads(name);
        for (Sites.Sighting seen : Sites.resources(name)) {
            for (String kind : Resources.openAs(seen)) {
                for (String site : seen.sites) {
                    events.tell("open", "tenant", name, "kind", kind, "site", site, "type",
                            seen.object.getClass().getName());
                }
            }
            if (seen.object instanceof Process) {
                ((Process) seen.object).destroyForcibly();
            }
        }
        Sites.forget(name);
        modules.remove(name);
        module.close();
        return new WeakReference<>(module);
    }

    /** Gives threads that were told to end, or are about to, the time to do so. */
    private static void awaitThreads(String tenant) throws InterruptedException {
        long deadline = System.nanoTime() + THREADS_END_MILLIS * 1_000_000;
        for (Sites.Sighting seen : Sites.resources(tenant)) {
            if (seen.object instanceof Thread) {
                long left = (deadline - System.nanoTime()) / 1_000_000;
                ((Thread) seen.object).join(Math.max(1, left));
            }
        }
    }

    private static boolean isCollected(WeakReference<ClassLoader> loader) throws InterruptedException {
        for (int i = 0; i < COLLECTIONS && loader.get() != null; i++) {
            System.gc();
            Thread.sleep(5L * i); // threads that were told to end may need their time
        }
        return loader.get() == null;
    }

    /** Threads that go on with the context of a module that is gone. */
    private void tellThreads(String tenant) {
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (Views.owner(thread.getContextClassLoader()).equals(tenant)) {
                events.tell("thread", "tenant", tenant, "name", thread.getName());
            }
        }
    }

    private static URL[] urls(String... jars) throws IOException {
        URL[] urls = new URL[jars.length];
        for (int i = 0; i < jars.length; i++) {
            urls[i] = new File(jars[i]).toURI().toURL();
        }
        return urls;
    }

    private static List<String> classes(String path) throws IOException {
        try (JarFile jar = new JarFile(path)) {
            return jar.stream().map(entry -> entry.getName())
                    .filter(name -> name.endsWith(".class") && !name.contains("-info"))
                    .map(name -> name.substring(0, name.length() - 6).replace('/', '.')).toList();
        }
    }
}
