package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Clients that do not take their answers. */
@HttpTest
class WriteTimeoutTest {
    private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
    private Server server;

    @BeforeEach
    void start() throws IOException {
        server = App.create()
                .get("/endless", c -> {
                    try {
                        c.stream("text/plain", out -> {
                            while (true) {
                                out.write(new byte[10_000]);
                            }
                        });
                    } catch (Exception e) {
                        failure.complete(e);
                        throw e;
                    }
                })
                .get("/big", c -> c.bytes("text/plain", new byte[20_000_000]))
                .with(Servers.config().withWriteTimeout(Duration.ofMillis(300)))
                .start();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void theHandlerIsTold() throws IOException, ExecutionException, InterruptedException {
        try (RawClient client = RawClient.to(server)) {
            client.get("/endless");
            Throwable e = failure.get();
            assertEquals(ClientGoneException.class, e.getClass());
            assertEquals("write: the client has taken nothing for 300 ms", e.getMessage());
            Await.until("the connection is closed", () -> server.stats().connectionsOpen() == 0);
            assertEquals(1, server.stats().writeTimeouts());
        }
    }

    @Test
    void withoutAHandlerTheConnectionIsClosed() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.get("/big");
            Await.until("the time is over", () -> server.stats().writeTimeouts() == 1);
            Await.until("the connection is closed", () -> server.stats().connectionsOpen() == 0);
        }
    }
}
