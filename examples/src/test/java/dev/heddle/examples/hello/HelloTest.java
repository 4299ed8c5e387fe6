package dev.heddle.examples.hello;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.http.Server;
import dev.heddle.http.ServerConfig;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class HelloTest {
    @Test
    void answersAsTheReadmeSays() throws Exception {
        ServerConfig config = ServerConfig.defaults().withHost("127.0.0.1").withPort(0);
        try (Server server = Hello.app().with(config).start();
                HttpClient client = HttpClient.newHttpClient()) {
            assertEquals("Hello, World!\n", get(client, server, "/").body());
            assertEquals("Hello, Ada Lovelace!\n", get(client, server, "/hello/Ada%20Lovelace").body());
            long start = System.nanoTime();
            assertEquals("That took a second.\n", get(client, server, "/slow").body());
            assertTrue(System.nanoTime() - start >= Duration.ofSeconds(1).toNanos());
            assertEquals(404, get(client, server, "/nobody").statusCode());
        }
    }

    private static HttpResponse<String> get(HttpClient client, Server server, String path) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + server.port() + path);
        HttpRequest request =
                HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(30)).build();
        return client.send(request, BodyHandlers.ofString());
    }
}
