package proof;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarInputStream;

/**
 * Links every class of generated deployments in loaders of its own, and runs every method {@code t0Name},
 * {@code t1Name}, … of a class {@code Name}.
 *
 * <pre>Toucher TOPOLOGY FOLDER LIST</pre>
 *
 * One line for each linkage error: deployment, loader, class, method, error, message. Each deployment has loaders of
 * its own; before anything is linked, each of them has loaded every class that it can yield.
 */
public final class Toucher {
    private static final String[] LOADERS = {"base", "billing", "orders"};

    private final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    private final String topology;
    /** For each loader the classes of each deployment. */
    private final List<Map<String, Map<String, byte[]>>> jars = new ArrayList<>();
    private long touched;

    public static void main(String[] arguments) throws Exception {
        Toucher toucher = new Toucher(arguments[0]);
        for (String loader : LOADERS) {
            toucher.jars.add(read(Path.of(arguments[1], loader + ".jar")));
        }
        for (String deployment : Files.readAllLines(Path.of(arguments[2]))) {
            toucher.link(deployment);
        }
        toucher.out.println("touched\t" + toucher.touched);
        toucher.out.flush();
    }

    private Toucher(String topology) {
        this.topology = topology;
    }

    private static Map<String, Map<String, byte[]>> read(Path path) throws IOException {
        Map<String, Map<String, byte[]>> classes = new HashMap<>();
        try (JarInputStream jar = new JarInputStream(Files.newInputStream(path))) {
            for (JarEntry entry = jar.getNextJarEntry(); entry != null; entry = jar.getNextJarEntry()) {
                String name = entry.getName().replace(".class", "").replace('/', '.');
                String deployment = name.substring(0, name.indexOf('.'));
                classes.computeIfAbsent(deployment, key -> new LinkedHashMap<>()).put(name, jar.readAllBytes());
            }
        }
        return classes;
    }

    private void link(String deployment) {
        List<Own> loaders = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (int i = 0; i < LOADERS.length; i++) {
            Map<String, byte[]> classes = jars.get(i).getOrDefault(deployment, Map.of());
            loaders.add(new Own(LOADERS[i], classes, i == 0 ? null : loaders.get(0), topology));
            names.addAll(classes.keySet());
        }
        for (Own loader : loaders) {
            for (String name : names) {
                try {
                    Class.forName(name, false, loader);
                } catch (ClassNotFoundException | LinkageError e) {
                    // Told below, where it is this loader's own.
                }
            }
        }
        for (Own loader : loaders) {
            for (String name : loader.classes.keySet()) {
                if (loader.isOwn(name)) {
                    touchAll(deployment, loader, name);
                }
            }
        }
    }

    private void touchAll(String deployment, Own loader, String name) {
        Class<?> type;
        touched++;
        try {
            type = Class.forName(name, true, loader);
        } catch (Throwable e) {
            tell(deployment, loader, name, "", e);
            return;
        }
        String of = name.substring(name.lastIndexOf('.') + 1);
        for (int i = 0;; i++) {
            MethodHandle method;
            try {
                MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(type, MethodHandles.lookup());
                method = lookup.findStatic(type, "t" + i + of, MethodType.methodType(void.class));
            } catch (NoSuchMethodException e) {
                return;
            } catch (IllegalAccessException e) {
                throw new IllegalStateException(e);
            }
            touched++;
            try {
                method.invoke();
            } catch (Throwable e) {
                tell(deployment, loader, name, "t" + i + of, e);
            }
        }
    }

    private void tell(String deployment, Own loader, String name, String method, Throwable e) {
        if (e instanceof ClassNotFoundException || e instanceof ExceptionInInitializerError) {
            throw new IllegalStateException(e);
        }
        if (e instanceof LinkageError) {
            String message = String.valueOf(e.getMessage()).replace('\t', ' ').replace('\n', ' ');
            out.println(String.join("\t", deployment, loader.getName(), name, method,
                    e.getClass().getSimpleName(), message));
        }
    }

    /** A loader of a base, or of a module beside it. */
    private static final class Own extends ClassLoader {
        final Map<String, byte[]> classes;
        private final Own base;
        private final boolean isOwnFirst;

        Own(String name, Map<String, byte[]> classes, Own base, String topology) {
            super(name, getPlatformClassLoader());
            this.classes = classes;
            this.base = base;
            this.isOwnFirst = !topology.equals("parent-first");
        }

        /** Whether it is this loader that defines the class. */
        boolean isOwn(String name) {
            return classes.containsKey(name) && (isOwnFirst || base == null || !base.classes.containsKey(name));
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                Class<?> known = findLoadedClass(name);
                if (known != null) {
                    return known;
                }
                if (isOwn(name)) {
                    byte[] bytes = classes.get(name);
                    return defineClass(name, bytes, 0, bytes.length);
                }
                return base != null && base.classes.containsKey(name) ? base.loadClass(name, false)
                        : super.loadClass(name, resolve);
            }
        }
    }
}
