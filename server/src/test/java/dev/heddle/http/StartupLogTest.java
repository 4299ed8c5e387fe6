package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.netpoll.NetpollConfig;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The start: one line when it works, one clear exception when it does not. */
@HttpTest
class StartupLogTest {
    @Test
    void oneLine() throws IOException {
        try (Logs logs = new Logs();
                Server server = Servers.start(App.create())) {
            List<String> lines =
                    logs.with("").stream().map(event -> event.getFormattedMessage()).toList();
            assertEquals(1, lines.size());
            String expected = "heddle \\S+ on http://127\\.0\\.0\\.1:" + server.port()
                    + ", procs 2, poller (epoll|nio), limits: head 16KiB in 100 lines within 10s, target 8KiB,"
                    + " body 8MiB at 1KiB/s after 5s, idle 60s, write 30s; started in \\d+ ms";
            assertTrue(lines.getFirst().matches(expected), lines.getFirst());
        }
    }

    @Test
    void thePortMustBeFree() throws IOException {
        try (Server server = Servers.start(App.create())) {
            App other = App.create().with(Servers.config().withPort(server.port()));
            IOException e = assertThrows(IOException.class, other::start);
            assertTrue(e.getMessage().startsWith("bind 127.0.0.1:" + server.port() + ": "), e.getMessage());
        }
    }

    @Test
    void theHostMustResolve() {
        App app = App.create().with(Servers.config().withHost("no-such-host.invalid"));
        IOException e = assertThrows(IOException.class, app::start);
        assertTrue(e.getMessage().startsWith("host: got 'no-such-host.invalid'"), e.getMessage());
    }

    @Test
    void withNio() throws IOException {
        App app = App.create().get("/", c -> c.text("hello"));
        ServerConfig config = Servers.config();
        try (Logs logs = new Logs();
                Server server = app.with(config.withNetpoll(config.netpoll().withKind(NetpollConfig.Kind.NIO)))
                        .start();
                RawClient client = RawClient.to(server)) {
            assertEquals(1, logs.with("poller nio").size());
            assertEquals("hello", client.get("/").read().text());
        }
    }

    @Test
    void actionsAtTheStart() throws IOException {
        App app = App.create().onStart(server -> {
            assertThrows(IllegalStateException.class, server::port);
            assertEquals(2, server.scheduler().config().procs());
            assertEquals(0, server.netpollStats().events());
        });
        Servers.start(app).close();
        App failing = App.create().onStart(_ -> {
            throw new IllegalStateException("not today");
        });
        assertThrows(IllegalStateException.class, () -> Servers.start(failing));
    }
}
