package shop;

import jakarta.annotation.PreDestroy;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.logging.Filter;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.springframework.stereotype.Component;

/** What belongs to the whole JVM. */
final class OfTheJvm {
    private OfTheJvm() {}

    @Component
    static class Table {
        void begin() {
            System.getProperties().put("shop.table", this); // kept: system-property-object at-unload
            System.getProperties().put("shop.text", toString());
        }

        @PreDestroy
        void end() {
            System.getProperties().remove("shop.table");
        }
    }

    @Component
    static class Quiet implements Filter {
        private static final Logger ROOT = Logger.getLogger("");
        private Filter before;

        void begin() {
            before = ROOT.getFilter();
            ROOT.setFilter(this); // kept: logger-filter at-unload
            Logger.getLogger("shop").setFilter(this);
        }

        @Override
        public boolean isLoggable(LogRecord entry) {
            return false;
        }

        @PreDestroy
        void end() {
            ROOT.setFilter(before);
        }
    }

    @Component
    static class Watch {
        private volatile boolean isOpen = true;

        void begin() {
            CompletableFuture.runAsync(this::watch); // kept: async-task at-unload
            CompletableFuture.runAsync(() -> System.out.println("begun"));
            ForkJoinPool.commonPool().execute(Watch::watchForEver); // kept: common-pool-task never
        }

        private void watch() {
            while (isOpen) {
                Thread.onSpinWait();
            }
        }

        private static void watchForEver() {
            while (true) {
                Thread.onSpinWait();
            }
        }

        @PreDestroy
        void end() {
            isOpen = false;
        }
    }
}
