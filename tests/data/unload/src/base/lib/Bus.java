package lib;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

public final class Bus {
    private static final Map<String, List<Runnable>> BY_TOPIC = new ConcurrentHashMap<>();

    private Bus() {}

    public static void subscribe(String topic, Runnable task) {
        BY_TOPIC.computeIfAbsent(topic, t -> new CopyOnWriteArrayList<>()).add(task);
    }

    public static void unsubscribe(String topic, Runnable task) {
        BY_TOPIC.get(topic).remove(task);
    }
}
