package proof;

import com.sun.net.httpserver.HttpServer;
import java.io.FileDescriptor;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.io.Reader;
import java.io.Writer;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.net.DatagramSocket;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URLClassLoader;
import java.nio.channels.Channel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.WatchService;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Scanner;
import java.util.Set;
import java.util.Timer;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.concurrent.locks.StampedLock;
import java.util.regex.Pattern;
import java.util.stream.BaseStream;
import java.util.zip.ZipFile;

/** Kinds of objects that have to be given back, and whether they were. */
final class Resources {
    private static final Pattern HELD =
            Pattern.compile("Locked by|(Read|Write) locks = [1-9]|Write-locked|Read-locks:[1-9]");
    private static final List<String> WALKED = List.of("java.io.", "java.util.zip.", "java.util.jar.", "java.nio.",
            "sun.nio.", "java.util.stream.", "java.util.Scanner", "sun.net.httpserver.");
    private static final int WALK_LIMIT = 2_000;

    private Resources() {}

    /** The kind, or null if the object is of no interest. */
    static String kind(Object o) {
        if (o instanceof InputStream || o instanceof OutputStream || o instanceof Reader || o instanceof Writer
                || o instanceof RandomAccessFile || o instanceof Channel || o instanceof Socket || o instanceof ServerSocket
                || o instanceof DatagramSocket || o instanceof ZipFile || o instanceof Scanner || o instanceof BaseStream
                || o instanceof DirectoryStream) {
            return "stream";
        }
        if (o instanceof Connection || o instanceof Statement || o instanceof ResultSet) {
            return "jdbc";
        }
        if (o instanceof FileLock || o instanceof Lock || o instanceof ReentrantReadWriteLock || o instanceof StampedLock || o instanceof Semaphore) {
            return "lock";
        }
        if (o instanceof ExecutorService) {
            return "executor";
        }
        if (o instanceof WatchService || o instanceof HttpServer || o instanceof FileSystem) {
            return "client";
        }
        if (o instanceof URLClassLoader) {
            return o instanceof ModuleLoader ? null : "loader";
        }
        return o instanceof Process ? "process" : o instanceof Timer ? "timer" : o instanceof Thread ? "thread"
                : o instanceof AutoCloseable && o.getClass().getClassLoader() instanceof ModuleLoader ? "stream" : null;
    }

    /** What tells a change, for kinds whose state is relative. */
    static String state(Object o) {
        return o instanceof Semaphore ? "" + ((Semaphore) o).availablePermits() : "";
    }

    /** The kinds as which the object is still to be given back. */
    static List<String> openAs(Sites.Sighting seen) {
        List<String> kinds = new java.util.ArrayList<>();
        if (isOpen(seen)) {
            kinds.add(kind(seen.object));
        }
        // What a close method of the deployment ends, nobody else can tell.
        boolean isOwn = seen.object.getClass().getClassLoader() instanceof ModuleLoader;
        if (seen.object instanceof AutoCloseable && isOwn && !Sites.isClosed(seen.object)) {
            kinds.add("closeable");
        }
        return kinds;
    }

    /** Whether the object is still to be given back. */
    private static boolean isOpen(Sites.Sighting seen) {
        Object o = seen.object;
        switch (kind(o)) {
            case "jdbc":
                return PaperDriver.isOwn(o) ? PaperDriver.isOpen(o) : !(o instanceof ResultSet) && !Sites.isClosed(o);
            case "lock":
                if (o instanceof FileLock) {
                    return ((FileLock) o).isValid();
                }
                return HELD.matcher(o.toString()).find() || o instanceof Semaphore && !seen.first.equals(state(o));
            case "executor":
                return !((ExecutorService) o).isShutdown();
            case "process":
                return ((Process) o).isAlive();
            case "thread":
                return ((Thread) o).isAlive();
            case "timer":
                Object thread = value(o, "thread");
                return thread instanceof Thread && ((Thread) thread).isAlive()
                        && Boolean.TRUE.equals(value(thread, "newTasksMayBeScheduled"));
            case "loader":
                return Boolean.FALSE.equals(value(value(o, "ucp"), "closed"));
            case "client":
                if (o instanceof FileSystem) {
                    return o != FileSystems.getDefault() && ((FileSystem) o).isOpen();
                }
                return o instanceof HttpServer ? holdsDescriptor(value(o, "server"))
                        : Boolean.FALSE.equals(value(o, "closed"));
            default:
                return holdsDescriptor(o);
        }
    }

    /** Whether an open descriptor can be reached from the object within the JDK's streams. */
    private static boolean holdsDescriptor(Object start) {
        Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Object> open = new ArrayDeque<>();
        if (start != null) {
            open.add(start);
        }
        while (!open.isEmpty() && seen.size() < WALK_LIMIT) {
            Object o = open.poll();
            if (!seen.add(o)) {
                continue;
            }
            Boolean state = ownState(o);
            if (state == null) {
                open.addAll(parts(o));
            } else if (state) {
                return true;
            }
        }
        return false;
    }

    /** Whether the object is itself open, or null if that depends on its parts. */
    private static Boolean ownState(Object o) {
        if (o instanceof FileDescriptor) {
            return ((FileDescriptor) o).valid();
        }
        if (o instanceof Channel) {
            return ((Channel) o).isOpen();
        }
        if (o instanceof Socket) {
            return !((Socket) o).isClosed();
        }
        if (o instanceof ServerSocket) {
            return !((ServerSocket) o).isClosed();
        }
        if (o instanceof DatagramSocket) {
            return !((DatagramSocket) o).isClosed();
        }
        if (o instanceof DirectoryStream && value(o, "isClosed") instanceof Boolean) {
            return !(Boolean) value(o, "isClosed");
        }
        // An entry's stream may be closed although its archive stays open in a cache.
        Object isClosing = o instanceof InputStream ? value(o, "closeRequested") : null;
        return isClosing instanceof Boolean ? !(Boolean) isClosing : null;
    }

    private static List<Object> parts(Object o) {
        if (o instanceof Object[]) {
            return java.util.Arrays.stream((Object[]) o).filter(part -> part != null).toList();
        }
        List<Object> parts = new java.util.ArrayList<>();
        for (Class<?> type = o.getClass(); type != null && type != Object.class; type = type.getSuperclass()) {
            String name = type.getName();
            if (!(type.getClassLoader() instanceof ModuleLoader) && WALKED.stream().noneMatch(name::startsWith)) {
                continue;
            }
            for (Field field : type.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && !field.getType().isPrimitive()) {
                    Object part = value(o, field);
                    if (part != null) {
                        parts.add(part);
                    }
                }
            }
        }
        return parts;
    }

    /** A field's value by name, or null if there is none. */
    static Object value(Object o, String name) {
        for (Class<?> type = o == null ? null : o.getClass(); type != null; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (field.getName().equals(name)) {
                    return value(o, field);
                }
            }
        }
        return null;
    }

    static Object value(Object o, Field field) {
        try {
            field.setAccessible(true);
            return field.get(o);
        } catch (ReflectiveOperationException | RuntimeException e) {
            return null;
        }
    }
}
