package shop;

import jakarta.annotation.PreDestroy;
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import java.lang.management.ManagementFactory;
import java.sql.Driver;
import java.sql.DriverManager;
import java.util.Collections;
import java.util.logging.Handler;
import java.util.logging.Logger;
import javax.management.ObjectName;
import lib.Bus;
import org.springframework.context.ApplicationListener;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

final class Registrations {
    private Registrations() {}

    @Component
    static class Drivers implements ServletContextListener {
        void begin(Driver driver) throws Exception {
            DriverManager.registerDriver(driver); // kept: jdbc-driver at-unload
        }

        @Override
        public void contextDestroyed(ServletContextEvent event) {
            for (Driver driver : Collections.list(DriverManager.getDrivers())) {
                try {
                    DriverManager.deregisterDriver(driver);
                } catch (java.sql.SQLException e) {
                    System.out.println(e);
                }
            }
        }
    }

    @Component
    static class Managed {
        void begin() throws Exception {
            ManagementFactory.getPlatformMBeanServer().registerMBean(this, new ObjectName("shop:type=A")); // kept: mbean at-unload
        }

        @EventListener
        public void closed(ContextClosedEvent event) throws Exception {
            ManagementFactory.getPlatformMBeanServer().unregisterMBean(new ObjectName("shop:type=A"));
        }
    }

    @Component
    static class Hook implements ApplicationListener<ContextClosedEvent> {
        private Thread hook;

        void begin() {
            hook = new Thread(() -> System.out.println("end"));
            Runtime.getRuntime().addShutdownHook(hook); // kept: shutdown-hook at-unload
            Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("lost"))); // kept: shutdown-hook never
        }

        @Override
        public void onApplicationEvent(ContextClosedEvent event) {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
    }

    @Component
    static class Log {
        private final Handler handler = new Lines();

        void begin(Logger logger) {
            logger.addHandler(handler); // kept: log-handler at-unload
        }

        @PreDestroy
        void end() {
            Logger.getLogger("").removeHandler(handler);
        }
    }

    static class Lines extends Handler {
        @Override
        public void publish(java.util.logging.LogRecord entry) {}

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    @Component
    static class Subscriber implements Runnable {
        void begin() {
            Bus.subscribe("orders", this); // kept: listener at-unload
        }

        @Override
        public void run() {}

        @PreDestroy
        void end() {
            Bus.unsubscribe("orders", this);
        }
    }
}
