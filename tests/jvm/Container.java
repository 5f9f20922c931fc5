package proof;

import java.lang.annotation.Annotation;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.Timer;
import java.util.concurrent.ExecutorService;

/** What a container does with a module's objects: makes beans that nobody made, and calls back when the module goes. */
final class Container {
    private static final Set<String> COMPONENTS = Set.of("Component", "Service");
    private static final List<String> HANDLERS = List.of(
            "ShutdownExecutorServicesOnUninstallEventHandler#EXECUTORS", "ForceStopThreadsOnUninstallEventHandler#THREADS",
            "CancelTimersOnUninstallEventHandler#TIMERS");
    private static final String HANDLER_PACKAGE = "com.alipay.sofa.koupleless.plugin.manager.handler.";

    private static final Map<Class<?>, Object> OF_BASE = new HashMap<>();

    private Container() {}

    /** Makes one bean of each component class of which the module's own start made none. */
    static void makeBeans(ModuleLoader module, List<String> classes) {
        for (String name : classes) {
            try {
                Class<?> type = module.loadClass(name);
                boolean isMade = Sites.madeBy(module).stream().anyMatch(type::isInstance);
                if (isMade || !isAnnotated(type.getAnnotations(), COMPONENTS)) {
                    continue;
                }
                Object bean = make(type);
                Sites.made(bean, name + "#<init>:0");
                for (Method method : type.getMethods()) {
                    if (isAnnotated(method.getAnnotations(), Set.of("PostConstruct"))) {
                        call(bean, method);
                    }
                }
                callIf(bean, "org.springframework.beans.factory.InitializingBean", "afterPropertiesSet");
            } catch (ReflectiveOperationException | LinkageError e) {
                // a container would not start such a bean either
            }
        }
    }

    /** Makes an object with the constructor without parameters, else with one that asks for beans of the base. */
    private static Object make(Class<?> type) throws ReflectiveOperationException {
        Constructor<?>[] all = type.getDeclaredConstructors();
        Constructor<?> constructor = all.length == 1 ? all[0] : type.getDeclaredConstructor();
        constructor.setAccessible(true);
        Object[] beans = new Object[constructor.getParameterCount()];
        for (int i = 0; i < beans.length; i++) {
            beans[i] = beanOfBase(constructor.getParameterTypes()[i]);
        }
        return constructor.newInstance(beans);
    }

    /** The one bean of a component class that the base's loader defines. */
    private static Object beanOfBase(Class<?> type) throws ReflectiveOperationException {
        if (!ModuleLoader.isBase(type.getClassLoader()) || !isAnnotated(type.getAnnotations(), COMPONENTS)) {
            throw new NoSuchMethodException("no bean of " + type);
        }
        Object bean = OF_BASE.get(type);
        if (bean == null) {
            bean = make(type);
            OF_BASE.put(type, bean);
        }
        return bean;
    }

    static void unload(String topology, ModuleLoader module) {
        for (Object bean : Sites.madeBy(module)) {
            end(bean);
        }
        for (String handler : HANDLERS) {
            stopManaged(module, handler);
        }
        if (topology.equals("tomcat")) {
            try {
                module.adopt(DriverSweep.class).getMethod("sweep").invoke(null);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static void end(Object bean) {
        for (Method method : bean.getClass().getMethods()) {
            if (isAnnotated(method.getAnnotations(), Set.of("PreDestroy"))) {
                call(bean, method);
            }
        }
        callIf(bean, "org.springframework.beans.factory.DisposableBean", "destroy");
        callIf(bean, "org.springframework.context.Lifecycle", "stop");
        if (isAnnotated(bean.getClass().getAnnotations(), COMPONENTS)) {
            callIf(bean, "java.lang.AutoCloseable", "close");
        }
        for (Method method : bean.getClass().getMethods()) {
            boolean isListener = Set.of("contextDestroyed", "onApplicationEvent", "handleEvent").contains(method.getName());
            if (isListener && method.getParameterCount() == 1 && !method.isBridge()) {
                call(bean, method, event(method.getParameterTypes()[0], bean));
            }
        }
    }

    private static Object event(Class<?> type, Object source) {
        try {
            Constructor<?> constructor = type.getConstructors()[0];
            return constructor.getParameterCount() == 0 ? constructor.newInstance() : constructor.newInstance(source);
        } catch (ReflectiveOperationException | RuntimeException e) {
            return null;
        }
    }

    /** Stops what a module handed to its container, and keeps the container's books as they are. */
    private static void stopManaged(ModuleLoader module, String handler) {
        try {
            String[] names = handler.split("#");
            Class<?> type = module.loadClass(HANDLER_PACKAGE + names[0]);
            Map<?, ?> books = (Map<?, ?>) Resources.value(null, type.getDeclaredField(names[1]));
            Collection<?> managed = (Collection<?>) books.get(module);
            for (Object each : managed == null ? List.of() : managed) {
                if (each instanceof ExecutorService) {
                    ((ExecutorService) each).shutdownNow();
                } else if (each instanceof Thread) {
                    ((Thread) each).interrupt();
                } else if (each instanceof Timer) {
                    ((Timer) each).cancel();
                }
            }
            if (managed != null) {
                managed.clear();
            }
        } catch (ReflectiveOperationException e) {
            // this deployment's base has no such handler
        }
    }

    private static void callIf(Object bean, String type, String name) {
        try {
            Class<?> wanted = bean.getClass().getClassLoader().loadClass(type);
            if (wanted.isInstance(bean)) {
                call(bean, bean.getClass().getMethod(name));
            }
        } catch (ReflectiveOperationException e) {
            // not such a bean
        }
    }

    private static void call(Object bean, Method method, Object... arguments) {
        try {
            method.setAccessible(true);
            method.invoke(Modifier.isStatic(method.getModifiers()) ? null : bean, arguments);
        } catch (ReflectiveOperationException | RuntimeException e) {
            // a container logs it and goes on
        }
    }

    private static boolean isAnnotated(Annotation[] annotations, Set<String> names) {
        for (Annotation annotation : annotations) {
            if (names.contains(annotation.annotationType().getSimpleName())) {
                return true;
            }
        }
        return false;
    }
}
