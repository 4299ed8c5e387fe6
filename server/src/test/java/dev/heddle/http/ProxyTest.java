package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Behind proxies that share one connection to the server among their clients, where these are installed: whatever one
 * client sends, the next one gets the answer to its own request (a POST, which no proxy tries again). The proxies listen on
 * sockets in the file system.
 */
@HttpTest
class ProxyTest {
    private static final String NGINX = """
            daemon off;
            master_process off;
            pid DIR/nginx.pid;
            error_log stderr crit;
            events {}
            http {
                access_log off;
                client_body_temp_path DIR/body;
                proxy_temp_path DIR/proxy;
                fastcgi_temp_path DIR/fastcgi;
                uwsgi_temp_path DIR/uwsgi;
                scgi_temp_path DIR/scgi;
                keepalive_requests 1000000;
                upstream heddle { server 127.0.0.1:PORT; keepalive 1; keepalive_requests 1000000; }
                server {
                    listen unix:DIR/nginx.sock;
                    location / {
                        proxy_pass http://heddle;
                        proxy_http_version 1.1;
                        proxy_set_header Connection "";
                        proxy_request_buffering off;
                    }
                }
            }
            """;
    private static final String HAPROXY = """
            global
                nbthread 1
            defaults
                mode http
                timeout connect 10s
                timeout client 30s
                timeout server 30s
                http-reuse always
            frontend clients
                bind unix@DIR/haproxy.sock
                default_backend heddle
            backend heddle
                server one 127.0.0.1:PORT pool-max-conn 1
            """;

    private static final int ROUNDS = Integer.getInteger("heddle.test.fuzz.rounds", 200);

    @TempDir
    static Path dir;

    private static Server server;
    private static final List<Process> PROXIES = new ArrayList<>();

    @BeforeAll
    static void start() throws IOException {
        server = Servers.start(App.create()
                .get("/one", c -> c.text("one " + c.bodyText()))
                .post("/one", c -> c.text("one " + c.bodyText()))
                .post("/early", c -> c.status(403).text("early"))
                .post("/two", c -> c.text("two " + c.remoteAddress().getPort())));
        start("nginx", NGINX, "nginx", "-p", dir.toString(), "-e", "stderr", "-c");
        start("haproxy", HAPROXY, "haproxy", "-db", "-q", "-f");
    }

    /** Starts a proxy if it is installed. */
    private static void start(String name, String config, String... command) throws IOException {
        String program = Stream.of(System.getenv("PATH").split(File.pathSeparator), new String[] {"/usr/sbin"})
                .flatMap(Stream::of)
                .map(where -> Path.of(where, command[0]))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst()
                .orElse(null);
        if (program == null) {
            return;
        }
        Path file = dir.resolve(name + ".conf");
        Files.writeString(
                file, config.replace("DIR", dir.toString()).replace("PORT", Integer.toString(server.port())));
        List<String> line = new ArrayList<>(List.of(command));
        line.set(0, program);
        line.add(file.toString());
        Process proxy = new ProcessBuilder(line)
                .redirectErrorStream(true)
                .redirectOutput(dir.resolve(name + ".log").toFile())
                .start();
        PROXIES.add(proxy);
        Await.until(name + " listens", () -> canConnect(name) || !proxy.isAlive());
        assertTrue(proxy.isAlive(), () -> name + " has ended: " + log(name));
    }

    private static String log(String name) {
        try {
            return Files.readString(dir.resolve(name + ".log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static Path socket(String name) {
        return dir.resolve(name + ".sock");
    }

    private static boolean canConnect(String name) {
        try (RawClient client = RawClient.to(socket(name))) {
            return client != null;
        } catch (IOException e) {
            return false;
        }
    }

    @AfterAll
    static void stop() throws InterruptedException {
        for (Process proxy : PROXIES) {
            proxy.destroyForcibly().waitFor();
        }
        server.close();
    }

    /** Requests of one client that a server or a proxy might take for shorter or longer than they are. */
    static Stream<String> requests() {
        String post = "POST /one HTTP/1.1\r\nHost: test\r\n";
        return Stream.of(
                "GET /one HTTP/1.1\r\nHost: test\r\nSec-WebSocket-Key1: a\r\nSec-WebSocket-Key2: b\r\n\r\n",
                "GET /one HTTP/1.1\r\nHost: test\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
                "GET /one HTTP/1.1\r\nHost: test\r\nConnection: keep-alive, close\r\n\r\n",
                "GET /one HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
                "GET http://other/one HTTP/1.1\r\nHost: test\r\n\r\n",
                "GET /one HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello",
                "GET /one HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
                post + "Content-Length: 005\r\n\r\nhello",
                post + "Content-Length: +5\r\n\r\nhello",
                post + "Content-Length: 5\r\nContent-Length: 50\r\n\r\nhello",
                post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
                post + "Transfer-Encoding: foo, chunked\r\n\r\n0\r\n\r\n",
                post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                post + "Transfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n",
                post + "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\n",
                post + "Transfer-Encoding: chunked\r\n\r\n5;\r\nhello\r\n0\r\n\r\n",
                post + "Transfer-Encoding: chunked\r\n\r\n5;a=\"\r\nhello\r\n0\r\n\r\n",
                post + "Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n",
                "POST /early HTTP/1.1\r\nHost: test\r\nContent-Length: 40\r\n\r\nGET /two HTTP/1.1\r\n",
                "POST /early HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 40\r\n\r\nGET /two HTTP/1.1\r\n");
    }

    @ParameterizedTest
    @MethodSource("requests")
    void theNextClientOfNginxGetsItsOwnAnswer(String request) throws IOException {
        theNextClientGetsItsOwnAnswer("nginx", request);
    }

    @ParameterizedTest
    @MethodSource("requests")
    void theNextClientOfHaproxyGetsItsOwnAnswer(String request) throws IOException {
        theNextClientGetsItsOwnAnswer("haproxy", request);
    }

    private static void theNextClientGetsItsOwnAnswer(String proxy, String request) throws IOException {
        assumeTrue(Files.exists(socket(proxy)), () -> proxy + " is not installed");
        for (int i = 0; i < 3; i++) {
            try (RawClient first = RawClient.to(socket(proxy));
                    RawClient second = RawClient.to(socket(proxy))) {
                int status = first.send(request).read().status();
                assertTrue(status < 502, () -> "got " + status);
                for (int n = 0; n < 2; n++) {
                    Answer answer = second.post("/two", "").read();
                    assertEquals(200, answer.status(), answer::toString);
                    assertTrue(answer.text().startsWith("two "), answer::toString);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nginx", "haproxy"})
    void itsConnectionIsShared(String proxy) throws IOException {
        assumeTrue(Files.exists(socket(proxy)), () -> proxy + " is not installed");
        try (RawClient first = RawClient.to(socket(proxy));
                RawClient second = RawClient.to(socket(proxy))) {
            String port = first.post("/two", "").read().text();
            assertEquals(port, second.post("/two", "").read().text());
            assertEquals(port, first.post("/two", "").read().text());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nginx", "haproxy"})
    void nobodyGetsWhatAnotherHasSentAtRandom(String proxy) throws IOException {
        assumeTrue(Files.exists(socket(proxy)), () -> proxy + " is not installed");
        long first = new SplittableRandom().nextLong();
        try (RawClient second = RawClient.to(socket(proxy))) {
            for (int round = 0; round < ROUNDS; round++) {
                long seed = first + round;
                byte[] bytes = DecoderFuzzTest.requests(new Random(seed));
                try (RawClient one = RawClient.to(socket(proxy))) {
                    one.send(bytes);
                    checkAnswer(second, seed);
                }
                checkAnswer(second, seed);
            }
        }
    }

    private static void checkAnswer(RawClient client, long seed) throws IOException {
        Answer answer = client.post("/two", "").read();
        assertTrue(answer.status() == 200 && answer.text().startsWith("two "), () -> "seed " + seed + ": " + answer);
    }
}
