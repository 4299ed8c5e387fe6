package dev.heddle.http;

import dev.heddle.netpoll.NetpollConfig;
import dev.heddle.sched.SchedulerConfig;
import java.io.IOException;

/**
 * Servers for tests: small, on a free port of the loopback address, without a hook in the end of the JVM. With
 * {@code -Dheddle.test.poller=nio} all of them use NIO.
 */
final class Servers {
    private Servers() {}

    static ServerConfig config() {
        return ServerConfig.defaults()
                .withHost("127.0.0.1")
                .withPort(0)
                .withShutdownHook(false)
                .withScheduler(SchedulerConfig.defaults().withProcs(2))
                .withNetpoll(NetpollConfig.defaults().withLoops(2))
                .with("poller", System.getProperty("heddle.test.poller", "auto"));
    }

    /** Starts an application with the settings above. */
    static Server start(App app) throws IOException {
        return app.with(config()).start();
    }
}
