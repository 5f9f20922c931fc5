package proof;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.URLConnection;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;

/** Loader of a base or of a module, looking in the order that its container looks. What it defines is watched. */
final class ModuleLoader extends URLClassLoader {
    private static final String BASE = "base";

    private final ClassLoader shared;

    private ModuleLoader(String name, URL[] urls, ClassLoader parent, ClassLoader shared) {
        super(name, urls, parent);
        this.shared = shared;
    }

    /** Everything that is not the JDK's is its own, and what the runner brings along. */
    static ModuleLoader base(URL[] urls) {
        return new ModuleLoader(BASE, urls, ModuleLoader.class.getClassLoader(), null);
    }

    static boolean isBase(ClassLoader loader) {
        return loader instanceof ModuleLoader && BASE.equals(loader.getName());
    }

    static ModuleLoader module(String topology, String name, URL[] urls, ModuleLoader base) {
        switch (topology) {
            case "sofa-ark": // own classes first, and the base by delegation and not as parent
                return new ModuleLoader(name, urls, null, base);
            case "tomcat": // own classes first, and the common loader as parent
                return new ModuleLoader(name, urls, base, base);
            case "parent-first":
                return new ModuleLoader(name, urls, base, null);
            default:
                throw new IllegalArgumentException(topology);
        }
    }

    /** The class if this loader has defined it already. */
    Class<?> defined(String name) {
        Class<?> type = findLoadedClass(name);
        return type != null && type.getClassLoader() == this ? type : null;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (shared == null) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> known = findLoadedClass(name);
            return known != null ? known : ownFirst(name);
        }
    }

    private Class<?> ownFirst(String name) throws ClassNotFoundException {
        try {
            return getPlatformClassLoader().loadClass(name);
        } catch (ClassNotFoundException notOfTheJdk) {
            try {
                return findClass(name);
            } catch (ClassNotFoundException notOwn) {
                return shared.loadClass(name);
            }
        }
    }

    @Override
    public URL getResource(String name) {
        if (shared == null) {
            return super.getResource(name);
        }
        URL own = findResource(name);
        return own != null ? own : shared.getResource(name);
    }

    @Override
    public Enumeration<URL> getResources(String name) throws IOException {
        if (shared == null) {
            return super.getResources(name);
        }
        List<URL> all = new ArrayList<>(Collections.list(findResources(name)));
        all.addAll(Collections.list(shared.getResources(name)));
        return Collections.enumeration(all);
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        byte[] bytes = bytes(findResource(name.replace('.', '/') + ".class"));
        if (bytes == null) {
            throw new ClassNotFoundException(name);
        }
        byte[] watched = Watching.watched(bytes);
        return defineClass(name, watched, 0, watched.length);
    }

    /** Makes one of the runner's classes this module's, for calls that look at their caller's loader. */
    Class<?> adopt(Class<?> type) {
        byte[] bytes = bytes(type.getResource(type.getSimpleName() + ".class"));
        return defineClass(type.getName(), bytes, 0, bytes.length);
    }

    private static byte[] bytes(URL url) {
        if (url == null) {
            return null;
        }
        try {
            URLConnection connection = url.openConnection();
            connection.setUseCaches(false);
            try (InputStream in = connection.getInputStream()) {
                return in.readAllBytes();
            }
        } catch (IOException e) {
            return null;
        }
    }
}
