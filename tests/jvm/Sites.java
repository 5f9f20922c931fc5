package proof;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What watched code reports of itself, by the tenant on whose behalf it runs. A site is {@code class#method:line}. */
public final class Sites {
    /** Where to tell what is new. */
    static volatile Events events;
    /** The tenant that the runner is busy with. */
    static volatile String tenant = "base";

    private static final Set<List<String>> REACHED = new LinkedHashSet<>();
    private static final Set<List<String>> LOOKUPS = new LinkedHashSet<>();
    private static final Map<Object, Sighting> RESOURCES = new IdentityHashMap<>();
    private static final Set<Object> CLOSED = Collections.newSetFromMap(new IdentityHashMap<>());
    private static final List<Object> MADE = new ArrayList<>();

    private Sites() {}

    /** An object of interest, and where code got hold of it. */
    static final class Sighting {
        final Object object;
        final String tenant;
        final Set<String> sites = new LinkedHashSet<>();
        /** What it looked like when it was seen first. */
        final String first;

        Sighting(Object object, String tenant) {
            this.object = object;
            this.tenant = tenant;
            this.first = Resources.state(object);
        }
    }

    public static synchronized void reached(String site) {
        if (REACHED.add(List.of(tenant, site))) {
            events.tell("reached", "tenant", tenant, "site", site);
        }
    }

    public static synchronized void lookup(String site) {
        String context = Views.owner(Thread.currentThread().getContextClassLoader());
        if (LOOKUPS.add(List.of(tenant, site, context))) {
            events.tell("lookup", "tenant", tenant, "site", site, "context", context);
        }
    }

    public static synchronized void made(Object object, String site) {
        ClassLoader loader = object.getClass().getClassLoader();
        // An object of the base's may hold one of a module's.
        if (loader instanceof ModuleLoader && !ModuleLoader.isBase(loader)) {
            MADE.add(object);
        }
        got(object, site);
    }

    public static synchronized void got(Object object, String site) {
        if (object != null && object != Thread.currentThread() && Resources.kind(object) != null) {
            RESOURCES.computeIfAbsent(object, key -> new Sighting(key, tenant)).sites.add(site);
        }
    }

    public static synchronized void closed(Object object, String site) {
        CLOSED.add(object);
    }

    static synchronized boolean isClosed(Object object) {
        return CLOSED.contains(object);
    }

    /** Resources that a tenant's code got. */
    static synchronized List<Sighting> resources(String of) {
        List<Sighting> own = new ArrayList<>(RESOURCES.values());
        own.removeIf(sighting -> !sighting.tenant.equals(of));
        return own;
    }

    /** Objects of a loader's classes that watched code constructed. */
    static synchronized List<Object> madeBy(ClassLoader loader) {
        List<Object> own = new ArrayList<>(MADE);
        own.removeIf(object -> object.getClass().getClassLoader() != loader);
        return own;
    }

    /** Lets go of all objects, so that nothing but the application itself keeps them. */
    static synchronized void forget(String of) {
        RESOURCES.values().removeIf(sighting -> sighting.tenant.equals(of));
        CLOSED.clear();
        MADE.removeIf(object -> Views.owner(object.getClass().getClassLoader()).equals(of));
    }
}
