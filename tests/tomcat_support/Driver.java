package container;

import java.lang.ref.WeakReference;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import org.apache.catalina.Context;
import org.apache.catalina.Lifecycle;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.core.JreMemoryLeakPreventionListener;
import org.apache.catalina.core.StandardContext;
import org.apache.catalina.core.ThreadLocalLeakPreventionListener;
import org.apache.catalina.loader.WebappLoader;
import org.apache.catalina.startup.ContextConfig;
import org.apache.catalina.startup.Tomcat;

/**
 * Runs web applications in a Tomcat that is set up as its own server.xml does, and prints what it sees, a line each:
 * kind of observation, application, and more, with tabs between them.
 *
 * <pre>java container.Driver resolve FOLDER delegate=BOOLEAN BASE_JAR NAME=WAR... PROBE...</pre>
 * Starts the applications and asks each one's loader; a probe is {@code class:NAME}, {@code resource:NAME},
 * {@code resources:NAME} or {@code service:TYPE}.
 *
 * <pre>java container.Driver leave FOLDER BASE_JAR NAME=WAR...</pre>
 * For each listener in each web.xml: starts the application with that listener alone, sends it a request, removes it,
 * and says what is held before and after, and whether the loader is still reachable.
 */
public final class Driver {
    /** How long nothing may have changed, in nanoseconds. */
    private static final long PATIENCE = 4_500_000_000L;

    private final Tomcat tomcat = new Tomcat();
    private final Path baseJar;
    private int port;

    private Driver(Path folder, Path baseJar) throws Exception {
        this.baseJar = baseJar;
        Files.createDirectories(folder.resolve("webapps"));
        tomcat.setBaseDir(folder.toString());
        tomcat.setPort(0);
        tomcat.getHost();
        Connector connector = tomcat.getConnector();
        connector.setProperty("address", "127.0.0.1");
        connector.setProperty("minSpareThreads", "1");
        tomcat.getServer().addLifecycleListener(new JreMemoryLeakPreventionListener());
        tomcat.getServer().addLifecycleListener(new ThreadLocalLeakPreventionListener());
        tomcat.start();
        port = connector.getLocalPort();
    }

    public static void main(String[] arguments) throws Exception {
        List<String> rest = new ArrayList<>(List.of(arguments));
        String what = rest.remove(0);
        Path folder = Path.of(rest.remove(0));
        boolean delegate = what.equals("resolve") && rest.remove(0).equals("delegate=true");
        Driver driver = new Driver(folder, Path.of(rest.remove(0)));
        if (what.equals("resolve")) {
            driver.resolve(rest, delegate);
        } else {
            driver.leave(rest);
        }
        say("end");
        // Shutdown hooks and threads of the applications are no longer of interest.
        Runtime.getRuntime().halt(0);
    }

    static void say(String... cells) {
        System.out.println("@" + String.join("\t", cells));
    }

    // ---- class resolution ---------------------------------------------------------------------------------------

    private void resolve(List<String> arguments, boolean delegate) throws Exception {
        List<StandardContext> applications = new ArrayList<>();
        for (String argument : arguments) {
            String[] application = argument.split("=", 2);
            if (application.length == 2) {
                applications.add(deploy(application[0], application[1], "", delegate));
            }
        }
        for (StandardContext context : applications) {
            for (String argument : arguments) {
                String[] probe = argument.split(":", 2);
                if (probe.length == 2 && !argument.contains("=")) {
                    say(probe[0], context.getDisplayName(), probe[1], answer(context, probe[0], probe[1]));
                }
            }
        }
    }

    private String answer(StandardContext context, String kind, String name) throws Exception {
        ClassLoader loader = context.getLoader().getClassLoader();
        switch (kind) {
            case "class":
                try {
                    return place(Class.forName(name, false, loader));
                } catch (ClassNotFoundException | NoClassDefFoundError e) {
                    return "nobody";
                }
            case "resource":
                URL found = loader.getResource(name);
                return found == null ? "nobody" : place(found.toString());
            case "resources":
                List<String> places = new ArrayList<>();
                for (URL url : Collections.list(loader.getResources(name))) {
                    places.add(place(url.toString()));
                }
                return String.join(",", places);
            default:
                Class<?> type = Class.forName(name, false, loader);
                List<String> providers = new ArrayList<>();
                ServiceLoader.load(type, loader).stream().forEach(p -> providers.add(p.type().getName()));
                return String.join(",", providers);
        }
    }

    private static String place(Class<?> type) {
        ClassLoader loader = type.getClassLoader();
        if (loader == null || loader == ClassLoader.getPlatformClassLoader()) {
            return "jdk";
        }
        return place(type.getProtectionDomain().getCodeSource().getLocation().toString());
    }

    /** The archive that a URL is in: {@code billing.war}, {@code labels.jar in billing.war}, or {@code base.jar}. */
    private static String place(String url) {
        String path = url.replaceFirst("^jar:", "").replaceFirst("!/.*$", "");
        int inside = path.indexOf("/WEB-INF/");
        if (inside < 0) {
            return path.startsWith("jrt:") ? "jdk" : path.replaceFirst("^.*/", "");
        }
        String war = path.substring(0, inside).replaceFirst("^.*/", "") + ".war";
        return path.endsWith(".jar") ? path.replaceFirst("^.*/", "") + " in " + war : war;
    }

    // ---- what is left -------------------------------------------------------------------------------------------

    private void leave(List<String> applications) throws Exception {
        List<Visited> visited = new ArrayList<>();
        for (String argument : applications) {
            String[] application = argument.split("=", 2);
            for (String listener : listeners(application[0], application[1])) {
                visited.add(visit(application[0], application[1], listener));
            }
        }
        collect(visited);
        for (Visited one : visited) {
            say("kept", one.application, one.listener, String.valueOf(one.loader.get() != null));
            for (String held : new Held(one.loader.get(), baseJar).kinds()) {
                say("after", one.application, one.listener, held);
            }
        }
    }

    /** As long as there is anything to come: Tomcat renews one thread per second, an HTTP client looks every three. */
    private void collect(List<Visited> visited) throws Exception {
        long reachable = visited.size();
        long changed = System.nanoTime();
        while (System.nanoTime() - changed < PATIENCE) {
            request("gone");
            System.gc();
            Thread.sleep(100);
            long now = visited.stream().filter(one -> one.loader.get() != null).count();
            if (now != reachable) {
                reachable = now;
                changed = System.nanoTime();
            }
        }
    }

    /** An application that was there with one listener. */
    private static final class Visited {
        final String application;
        final String listener;
        final WeakReference<ClassLoader> loader;

        Visited(String application, String listener, ClassLoader loader) {
            this.application = application;
            this.listener = listener;
            this.loader = new WeakReference<>(loader);
        }
    }

    private List<String> listeners(String name, String war) throws Exception {
        StandardContext context = deploy(name, war, null, false);
        List<String> listeners = List.of((String[]) context.getServletContext().getAttribute("listeners"));
        remove(context);
        return listeners;
    }

    /** A method of its own, so that no frame keeps the loader. */
    private Visited visit(String name, String war, String listener) throws Exception {
        StandardContext context = deploy(name, war, listener, false);
        request(name);
        for (String held : new Held(context.getLoader().getClassLoader(), baseJar).kinds()) {
            say("before", name, listener, held);
        }
        Visited visited = new Visited(name, listener, context.getLoader().getClassLoader());
        remove(context);
        return visited;
    }

    private void request(String path) throws Exception {
        HttpURLConnection connection =
                (HttpURLConnection) new URL("http://127.0.0.1:" + port + "/" + path + "/").openConnection();
        connection.setRequestProperty("Connection", "close");
        connection.getResponseCode();
        connection.disconnect();
    }

    // ---- deploying ----------------------------------------------------------------------------------------------

    /** With all listeners of web.xml if {@code listener} is empty, with none if it is null. */
    private StandardContext deploy(String name, String war, String listener, boolean delegate) throws Exception {
        StandardContext context = new StandardContext();
        context.setName("/" + name);
        context.setPath("/" + name);
        context.setDisplayName(name);
        context.setDocBase(war);
        ContextConfig config = new ContextConfig();
        config.setDefaultWebXml("org/apache/catalina/startup/NO_DEFAULT_XML");
        context.addLifecycleListener(config);
        context.addLifecycleListener(event -> {
            if (event.getType().equals(Lifecycle.CONFIGURE_START_EVENT) && !"".equals(listener)) {
                choose(context, listener);
            }
        });
        WebappLoader loader = new WebappLoader();
        loader.setDelegate(delegate);
        context.setLoader(loader);
        onUtilityThread(() -> {
            tomcat.getHost().addChild(context);
            return null;
        });
        if (!context.getState().isAvailable()) {
            throw new IllegalStateException(name + " does not start with " + listener);
        }
        context.setDisplayName(name);
        return context;
    }

    private static void choose(Context context, String listener) {
        String[] all = context.findApplicationListeners();
        context.getServletContext().setAttribute("listeners", all);
        for (String one : all) {
            if (!one.equals(listener)) {
                context.removeApplicationListener(one);
            }
        }
    }

    private void remove(StandardContext context) throws Exception {
        onUtilityThread(() -> {
            tomcat.getHost().removeChild(context);
            return null;
        });
    }

    /** Tomcat deploys and removes applications on a thread of its own, which stays. */
    private void onUtilityThread(Callable<Void> work) throws Exception {
        tomcat.getServer().getUtilityExecutor().submit(work).get();
    }
}
