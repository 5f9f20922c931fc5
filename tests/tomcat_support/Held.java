package container;

import java.lang.management.ManagementFactory;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.net.ProxySelector;
import java.nio.file.Path;
import java.security.Security;
import java.util.Collection;
import java.util.Enumeration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/** What outlives a web application and leads to its loader. */
final class Held {
    private final ClassLoader loader;
    private final Path baseJar;
    private final Set<String> kinds = new TreeSet<>();

    Held(ClassLoader loader, Path baseJar) {
        this.loader = loader;
        this.baseJar = baseJar;
    }

    Set<String> kinds() throws Exception {
        if (loader == null) {
            return kinds;
        }
        threads();
        Map<?, ?> hooks = (Map<?, ?>) staticField("java.lang.ApplicationShutdownHooks", "hooks");
        hooks.keySet().forEach(hook -> add("hook", leads(hook) || ((Thread) hook).getContextClassLoader() == loader));
        for (Object info : (Collection<?>) staticField("java.sql.DriverManager", "registeredDrivers")) {
            add("driver", leads(field(info, "driver")));
        }
        MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
        for (ObjectName name : beans.queryNames(null, null)) {
            add("mbean", beans.getClassLoaderFor(name) == loader);
        }
        for (Object provider : Security.getProviders()) {
            add("provider", leads(provider));
        }
        add("default-handler", leads(Thread.getDefaultUncaughtExceptionHandler()));
        add("default-handler", leads(ProxySelector.getDefault()));
        for (Object target : ((Map<?, ?>) staticField("sun.rmi.transport.ObjectTable", "objTable")).values()) {
            add("remote-object", field(target, "ccl") == loader);
        }
        for (Object listener : (Collection<?>) field(ManagementFactory.getMemoryMXBean(), "listenerList")) {
            add("notification-listener", leads(field(listener, "listener")));
        }
        logHandlers();
        statics();
        return kinds;
    }

    private void add(String kind, boolean isHeld) {
        if (isHeld) {
            kinds.add(kind);
        }
    }

    private boolean leads(Object object) {
        return object != null && (object == loader || object.getClass().getClassLoader() == loader
                || object instanceof Class<?> type && type.getClassLoader() == loader);
    }

    private void threads() throws Exception {
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            boolean isTimer = thread.getClass().getName().equals("java.util.TimerThread");
            add(isTimer ? "timer" : "thread", thread.getContextClassLoader() == loader || leads(thread));
            Object locals = field(thread, "threadLocals");
            Object table = locals == null ? null : field(locals, "table");
            for (int i = 0; table != null && i < Array.getLength(table); i++) {
                Object entry = Array.get(table, i);
                add("thread-local", entry != null && leads(field(entry, "value")));
            }
        }
    }

    /** Those of Tomcat's log manager, which has loggers for each loader. */
    private void logHandlers() throws Exception {
        Map<?, ?> byLoader = (Map<?, ?>) field(LogManager.getLogManager(), "classLoaderLoggers");
        Object own = byLoader.get(loader);
        if (own != null) {
            for (Object logger : ((Map<?, ?>) field(own, "loggers")).values()) {
                for (Object handler : ((Logger) logger).getHandlers()) {
                    add("log-handler", leads(handler));
                }
            }
        }
    }

    /** Static fields of the shared library, and what their containers hold. */
    private void statics() throws Exception {
        try (JarFile jar = new JarFile(baseJar.toFile())) {
            for (Enumeration<JarEntry> entries = jar.entries(); entries.hasMoreElements(); ) {
                String name = entries.nextElement().getName();
                if (name.startsWith("com/acme/") && name.endsWith(".class")) {
                    Class<?> type = Class.forName(name.replace('/', '.').substring(0, name.length() - 6));
                    for (Field field : type.getDeclaredFields()) {
                        if (Modifier.isStatic(field.getModifiers())) {
                            field.setAccessible(true);
                            staticValue(field.get(null));
                        }
                    }
                }
            }
        }
    }

    private void staticValue(Object value) throws Exception {
        add("static", leads(value));
        if (value instanceof Map<?, ?> map) {
            map.forEach((key, held) -> add("static", leads(key) || leads(held)));
        } else if (value instanceof Collection<?> collection) {
            collection.forEach(held -> add("static", leads(held)));
        } else if (value instanceof ScheduledThreadPoolExecutor pool) {
            for (Object waiting : pool.getQueue()) {
                Object callable = field(waiting, "callable");
                add("task", callable != null && leads(field(callable, "task")));
            }
        }
    }

    private static Object staticField(String type, String name) throws Exception {
        Field field = Class.forName(type).getDeclaredField(name);
        field.setAccessible(true);
        return field.get(null);
    }

    private static Object field(Object object, String name) throws Exception {
        for (Class<?> type = object.getClass(); type != null; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (field.getName().equals(name)) {
                    field.setAccessible(true);
                    return field.get(object);
                }
            }
        }
        throw new NoSuchFieldException(name);
    }
}
