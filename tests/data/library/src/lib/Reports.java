package lib;

import java.util.Map;
import javax.management.remote.JMXConnectorServer;
import javax.management.remote.JMXServiceURL;

/** A server that its own method starts: whoever has it asked for it. */
public final class Reports extends JMXConnectorServer {
    public void startAs(String name) {
        System.out.println(name);
        start(); // says: client-never-closed note
    }

    @Override
    public void start() {}

    @Override
    public void stop() {}

    @Override
    public boolean isActive() {
        return false;
    }

    @Override
    public JMXServiceURL getAddress() {
        return null;
    }

    @Override
    public Map<String, ?> getAttributes() {
        return Map.of();
    }
}
