package shop;

import com.sun.net.httpserver.HttpServer;
import java.util.Timer;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import lib.Workers;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

@Configuration
public class Beans {
    @Bean
    public ExecutorService inferred() {
        return Executors.newFixedThreadPool(1); // kept: executor by-container
    }

    @Bean(destroyMethod = "")
    public ExecutorService switchedOff() {
        return Executors.newFixedThreadPool(1); // kept: executor never
    }

    @Bean(destroyMethod = "cancel")
    public Timer named() {
        return new Timer(); // kept: timer by-container
    }

    @Bean
    public Timer notInferred() {
        return new Timer(); // kept: timer when-unreferenced
    }

    @Bean
    public Workers.Holder holder() {
        return new Workers.Holder(Executors.newFixedThreadPool(1)); // kept: executor at-unload
    }

    @Bean
    public HttpServer server() throws java.io.IOException {
        return HttpServer.create(); // kept: http-server never
    }

    @Bean(destroyMethod = "finish")
    public Desk desk() {
        return new Desk();
    }

    public static class Desk {
        private final Timer timer = new Timer(); // kept: timer at-unload

        public void finish() {
            timer.cancel();
        }

        public void close() {}
    }
}
