package dev.heddle.http.debug;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.http.App;
import dev.heddle.http.Server;
import dev.heddle.http.ServerConfig;
import dev.heddle.sync.Chan;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Profiles of a running server. */
@Timeout(60)
class ProfilesTest {
    private static final Duration DEADLINE = Duration.ofSeconds(30);

    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(DEADLINE).build();
    private final Chan<Integer> chan = new Chan<>();
    private Server server;

    @BeforeEach
    void start() throws Exception {
        server = App.create()
                .get("/wait", c -> c.text(chan.receive() + "\n"))
                .group("/debug", group -> group.install(Profiles.at("/pprof")))
                .with(ServerConfig.defaults().withHost("127.0.0.1").withPort(0).withShutdownHook(false))
                .start();
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    private HttpRequest request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .timeout(DEADLINE)
                .build();
    }

    private HttpResponse<byte[]> get(String path) throws Exception {
        return client.send(request(path), HttpResponse.BodyHandlers.ofByteArray());
    }

    private String text(String path) throws Exception {
        HttpResponse<byte[]> response = get(path);
        assertEquals(200, response.statusCode());
        return new String(response.body());
    }

    private String unzipped(String path) throws Exception {
        HttpResponse<byte[]> response = get(path);
        assertEquals("application/octet-stream", response.headers().firstValue("content-type").orElseThrow());
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(response.body()))) {
            return new String(in.readAllBytes());
        }
    }

    private CompletableFuture<HttpResponse<String>> waits() throws Exception {
        var answer = client.sendAsync(request("/wait"), HttpResponse.BodyHandlers.ofString());
        while (!server.scheduler().goroutineDump().contains("[chan receive]")) {
            assertFalse(answer.isDone());
            LockSupport.parkNanos(1_000_000);
        }
        return answer;
    }

    @Test
    void goroutines() throws Exception {
        var answer = waits();
        assertTrue(text("/debug/pprof/goroutine?debug=1").contains(ProfilesTest.class.getName() + ".lambda$start$"));
        assertTrue(text("/debug/pprof/goroutine?debug=2").contains(" [chan receive]: /wait\n"));
        assertTrue(unzipped("/debug/pprof/goroutine").contains(ProfilesTest.class.getName() + ".lambda$start$"));
        assertEquals("goroutine profile: total 0\n", text("/debug/pprof/goroutine?debug=1&minutes=5"));
        chan.send(1);
        assertEquals("1\n", answer.get().body());
    }

    @Test
    void waitsOfSomeSeconds() throws Exception {
        assertEquals(3, text("/debug/pprof/block?debug=1").lines().count());
        assertEquals(3, text("/debug/pprof/mutex?debug=1").lines().count());
        var profile = client.sendAsync(request("/debug/pprof/block?seconds=3&debug=1"), HttpResponse.BodyHandlers.ofString());
        while (server.scheduler().blockProfile().rate() == 0) {
            LockSupport.parkNanos(1_000_000);
        }
        assertEquals(409, get("/debug/pprof/block?seconds=1").statusCode());
        var answer = waits();
        chan.send(2);
        assertEquals("2\n", answer.get().body());
        String text = profile.get().body();
        assertTrue(text.contains("\tdev.heddle.sync.Chan.receive\t"), text);
        assertTrue(text.contains(ProfilesTest.class.getName() + ".lambda$start$"), text);
        assertEquals(0, server.scheduler().blockProfile().rate());
        assertTrue(unzipped("/debug/pprof/block").contains("dev.heddle.sync.Chan.receive"));
    }

    @Test
    void nonsenseIsRefused() throws Exception {
        for (String query : new String[] {"block?seconds=61", "block?debug=2", "mutex?seconds=x", "goroutine?minutes=-1"}) {
            assertEquals(400, get("/debug/pprof/" + query).statusCode(), query);
        }
    }
}
