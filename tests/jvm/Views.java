package proof;

import java.lang.ref.Reference;
import java.lang.reflect.Array;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;

/** What a tenant finds in the fields of shared classes, as text that two runs can be compared by. */
final class Views {
    private static final int DEPTH = 5;
    private final String tenant;
    private final Map<String, String> cells = new TreeMap<>();
    private final Set<Object> walked = Collections.newSetFromMap(new IdentityHashMap<>());

    private Views(String tenant) {
        this.tenant = tenant;
    }

    /** Cells {@code class#field} of the given classes and of the objects that their static fields hold. */
    static Map<String, String> of(String tenant, List<Class<?>> types) {
        Views views = new Views(tenant);
        for (Class<?> type : types) {
            for (Field field : type.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers())) {
                    Object value = Resources.value(null, field);
                    views.put(type, field, value);
                }
            }
        }
        return views.cells;
    }

    /** The tenant that a loader belongs to. */
    static String owner(ClassLoader loader) {
        return loader == null ? "the JDK" : loader instanceof ModuleLoader ? loader.getName() : "the JVM";
    }

    private void put(Class<?> type, Field field, Object value) {
        String text = text(value, DEPTH);
        cells.merge(type.getName() + "#" + field.getName(), text, (a, b) -> a.equals(b) ? a : a + " | " + b);
    }

    private String text(Object o, int depth) {
        if (o == null || o instanceof CharSequence || o instanceof Number && !(o instanceof AtomicReference)
                || o instanceof Boolean || o instanceof Character || o instanceof java.util.Locale
                || o.getClass().getName().startsWith("java.util.concurrent.atomic.AtomicBoolean")) {
            return String.valueOf(o);
        }
        if (o instanceof ClassLoader) {
            return "loader of " + owner((ClassLoader) o);
        }
        if (o instanceof Class) {
            return ((Class<?>) o).getName() + " of " + owner(((Class<?>) o).getClassLoader());
        }
        if (o instanceof Executable) {
            return o + " of " + owner(((Executable) o).getDeclaringClass().getClassLoader());
        }
        if (depth == 0) {
            return name(o.getClass());
        }
        if (o instanceof Reference) {
            return "-> " + text(((Reference<?>) o).get(), depth - 1);
        }
        if (o instanceof AtomicReference) {
            return text(((AtomicReference<?>) o).get(), depth - 1);
        }
        if (o instanceof ThreadLocal) {
            return text(((ThreadLocal<?>) o).get(), depth - 1);
        }
        return compound(o, depth - 1);
    }

    private String compound(Object o, int depth) {
        if (o instanceof Map) {
            List<String> entries = new ArrayList<>();
            ((Map<?, ?>) o).forEach((key, value) -> {
                if (isMine(key)) {
                    entries.add(text(key, depth) + "=" + text(value, depth));
                }
            });
            Collections.sort(entries);
            return entries.toString();
        }
        if (o instanceof Collection) {
            List<String> items = new ArrayList<>();
            ((Collection<?>) o).forEach(item -> items.add(text(item, depth)));
            if (o instanceof Set) {
                Collections.sort(items);
            }
            return items.toString();
        }
        if (o.getClass().isArray()) {
            List<String> items = new ArrayList<>();
            for (int i = 0; i < Array.getLength(o); i++) {
                items.add(text(Array.get(o, i), depth));
            }
            return items.toString();
        }
        return object(o, depth);
    }

    private String object(Object o, int depth) {
        if (!(o.getClass().getClassLoader() instanceof ModuleLoader) || !walked.add(o)) {
            return o instanceof Enum ? ((Enum<?>) o).name() : name(o.getClass());
        }
        StringBuilder text = new StringBuilder(name(o.getClass()) + " of " + owner(o.getClass().getClassLoader()));
        for (Class<?> type = o.getClass(); type != null && type != Object.class; type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers())) {
                    Object value = Resources.value(o, field);
                    text.append(' ').append(field.getName()).append('=').append(text(value, depth));
                    if (!o.getClass().isHidden()) {
                        put(type, field, value);
                    }
                }
            }
        }
        return text.toString();
    }

    /** Entries for another tenant's loader are none of this tenant's business. */
    private boolean isMine(Object key) {
        ClassLoader loader = key instanceof ClassLoader ? (ClassLoader) key
                : key instanceof Class ? ((Class<?>) key).getClassLoader() : null;
        return !(loader instanceof ModuleLoader) || loader.getName().equals(tenant);
    }

    private static String name(Class<?> type) {
        String name = type.getName();
        int lambda = name.indexOf("$$Lambda");
        return lambda < 0 ? name : name.substring(0, lambda + 8);
    }
}
