package proof;

import java.lang.reflect.Field;
import java.net.Authenticator;
import java.net.ProxySelector;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.logging.LogManager;
import java.util.logging.Logger;

/** What the whole JVM shares, and which tenant set it last. */
final class Globals {
    private final Map<String, Object> last = new LinkedHashMap<>();
    private final Map<String, String> setter = new LinkedHashMap<>();

    Globals() {
        TimeZone.getDefault(); // sets a property when it is asked first
        last.putAll(now());
    }

    /** Notes what changed while the tenant was running. */
    void changedBy(String tenant) {
        Map<String, Object> now = now();
        for (Map.Entry<String, Object> each : now.entrySet()) {
            Object before = last.get(each.getKey());
            Object value = each.getValue();
            boolean isSame = value == before || value instanceof String && value.equals(before)
                    || value instanceof Locale && value.equals(before) || value instanceof TimeZone && value.equals(before);
            if (!isSame) {
                setter.put(each.getKey(), tenant);
            }
        }
        last.clear();
        last.putAll(now);
    }

    /** By name, what was set and by whom; nothing for what is as it was in the beginning. */
    Map<String, String> view() {
        Map<String, String> view = new TreeMap<>();
        setter.forEach((name, tenant) -> {
            Object value = last.get(name);
            view.put(name, (value instanceof String ? value : value == null ? "none" : value.getClass().getName()) + " by " + tenant);
        });
        return view;
    }

    private static Map<String, Object> now() {
        Map<String, Object> now = new LinkedHashMap<>();
        System.getProperties().forEach((key, value) -> now.put("property " + key, value));
        now.put("locale", Locale.getDefault());
        now.put("locale for display", Locale.getDefault(Locale.Category.DISPLAY));
        now.put("time zone", TimeZone.getDefault());
        now.put("out", System.out);
        now.put("err", System.err);
        now.put("in", System.in);
        now.put("uncaught handler", Thread.getDefaultUncaughtExceptionHandler());
        now.put("authenticator", Authenticator.getDefault());
        now.put("proxy selector", ProxySelector.getDefault());
        now.put("url handlers", field(java.net.URL.class, "factory"));
        loggers(now);
        return now;
    }

    /** Loggers that are set in some way. */
    private static void loggers(Map<String, Object> now) {
        for (String name : Collections.list(LogManager.getLogManager().getLoggerNames())) {
            Logger logger = LogManager.getLogManager().getLogger(name);
            if (logger == null) {
                continue;
            }
            boolean isSet = logger.getLevel() != null || !logger.getUseParentHandlers() || logger.getHandlers().length > 0
                    || logger.getFilter() != null;
            if (isSet || name.isEmpty()) {
                now.put("logger " + name, logger.getLevel() + " " + logger.getUseParentHandlers() + " " + logger.getHandlers().length + " " + (logger.getFilter() != null));
            }
        }
    }

    private static Object field(Class<?> type, String name) {
        try {
            Field field = type.getDeclaredField(name);
            return Resources.value(null, field);
        } catch (NoSuchFieldException e) {
            return null;
        }
    }
}
