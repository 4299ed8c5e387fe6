package dev.heddle.load.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The peers answer as the bench example does, in order, on the loop as well as in virtual threads. */
@Timeout(60)
final class NettyPeerTest {
    private static final int SOCKET_TIMEOUT_MILLIS = 20_000;

    @ParameterizedTest
    @EnumSource
    void answersWithTheHeadersOfTheBenchExample(PeerOptions.Mode mode) throws Exception {
        try (Peer peer = new Peer(mode)) {
            HttpResponse<String> plaintext = peer.get("/plaintext");
            assertEquals(200, plaintext.statusCode());
            assertEquals("Hello, World!", plaintext.body());
            assertEquals("text/plain", plaintext.headers().firstValue("Content-Type").orElseThrow());
            assertEquals("13", plaintext.headers().firstValue("Content-Length").orElseThrow());
            assertEquals("netty", plaintext.headers().firstValue("Server").orElseThrow());
            ZonedDateTime date = ZonedDateTime.parse(
                    plaintext.headers().firstValue("Date").orElseThrow(), DateTimeFormatter.RFC_1123_DATE_TIME);
            Duration off = Duration.between(date, ZonedDateTime.now(date.getZone()));
            assertTrue(off.abs().compareTo(Duration.ofMinutes(1)) < 0, date.toString());

            HttpResponse<String> json = peer.get("/json?x=1");
            assertEquals("{\"message\":\"Hello, World!\"}", json.body());
            assertEquals("application/json", json.headers().firstValue("Content-Type").orElseThrow());
        }
    }

    @ParameterizedTest
    @EnumSource
    void waitsAndSpinsForAsLongAsAsked(PeerOptions.Mode mode) throws Exception {
        try (Peer peer = new Peer(mode)) {
            for (String path : List.of("/sleep?ms=30", "/cpu?ms=30")) {
                long start = System.nanoTime();
                assertEquals(200, peer.get(path).statusCode());
                assertTrue(System.nanoTime() - start >= Duration.ofMillis(30).toNanos(), path);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void refusesWhatItCannotServe(PeerOptions.Mode mode) throws Exception {
        try (Peer peer = new Peer(mode)) {
            assertEquals(400, peer.get("/sleep?ms=soon").statusCode());
            assertEquals(400, peer.get("/sleep").statusCode());
            assertEquals(400, peer.get("/cpu?ms=60001").statusCode());
            assertEquals(404, peer.get("/").statusCode());
            assertEquals(405, peer.send(peer.request("/json").DELETE()).statusCode());
        }
    }

    @ParameterizedTest
    @EnumSource
    void answersPipelinedRequestsInOrder(PeerOptions.Mode mode) throws Exception {
        List<String> paths = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            paths.add(i % 4 == 0 ? "/sleep?ms=" + i % 3 : i % 2 == 0 ? "/json" : "/plaintext");
        }
        try (Peer peer = new Peer(mode)) {
            List<String> bodies = bodies(peer.pipelined(paths));
            assertEquals(
                    paths.stream()
                            .map(path -> switch (path) {
                                case "/json" -> "{\"message\":\"Hello, World!\"}";
                                case "/plaintext" -> "Hello, World!";
                                default -> "slept";
                            })
                            .toList(),
                    bodies);
        }
    }

    @ParameterizedTest
    @EnumSource
    void answersAsManyPipelinedRequestsAsTheCodecAllows(PeerOptions.Mode mode) throws Exception {
        List<String> paths = new ArrayList<>(List.of("/sleep?ms=50"));
        while (paths.size() < 128) {
            paths.add("/plaintext");
        }
        try (Peer peer = new Peer(mode)) {
            assertEquals(paths.size(), bodies(peer.pipelined(paths)).size());
        }
    }

    @Test
    void closesAfterAMalformedRequest() throws Exception {
        try (Peer peer = new Peer(PeerOptions.Mode.LOOP);
                Socket socket = peer.connect()) {
            socket.getOutputStream().write("GET\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            assertTrue(answer.startsWith("HTTP/1.1 400 "), answer);
        }
    }

    @Test
    void saysWhatIsWrongWithAnArgument() {
        assertRefused("--mode: got fast, need loop or vt", "--mode", "fast");
        assertRefused("--port: got 65536, need a whole number from 0 to 65535", "--port", "65536");
        assertRefused("--threads: got nothing, need a value", "--threads");
        assertRefused("unknown argument: --verbose", "--verbose");
        assertEquals(
                new PeerOptions(false, PeerOptions.Mode.VT, 7, 3),
                PeerOptions.parse(new String[] {"--mode", "vt", "--port", "7", "--threads", "3"}));
    }

    private static void assertRefused(String message, String... args) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> PeerOptions.parse(args)).getMessage());
    }

    /** Cuts a stream of answers, each with a Content-Length, into bodies. */
    private static List<String> bodies(String answers) {
        List<String> bodies = new ArrayList<>();
        int at = 0;
        while (at < answers.length()) {
            int end = answers.indexOf("\r\n\r\n", at);
            String head = answers.substring(at, end);
            assertTrue(head.startsWith("HTTP/1.1 200 OK\r\n"), head);
            String length = head.replaceAll("(?is).*content-length: (\\d+).*", "$1");
            at = end + 4 + Integer.parseInt(length);
            bodies.add(answers.substring(end + 4, at));
        }
        return bodies;
    }

    /** A running server and a client for it. */
    private static final class Peer implements AutoCloseable {
        private final NettyPeer server;
        private final HttpClient client = HttpClient.newHttpClient();

        Peer(PeerOptions.Mode mode) throws InterruptedException {
            server = NettyPeer.start(new PeerOptions(false, mode, 0, 2));
        }

        HttpRequest.Builder request(String path) {
            return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                    .timeout(Duration.ofSeconds(20));
        }

        HttpResponse<String> get(String path) throws IOException, InterruptedException {
            return send(request(path).GET());
        }

        HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        }

        Socket connect() throws IOException {
            Socket socket = new Socket("127.0.0.1", server.port());
            socket.setSoTimeout(SOCKET_TIMEOUT_MILLIS);
            return socket;
        }

        /** Sends all requests at once, the last with {@code Connection: close}, and returns all that comes back. */
        String pipelined(List<String> paths) throws IOException {
            StringBuilder requests = new StringBuilder();
            for (int i = 0; i < paths.size(); i++) {
                requests.append("GET ").append(paths.get(i)).append(" HTTP/1.1\r\nHost: x\r\n");
                requests.append(i == paths.size() - 1 ? "Connection: close\r\n\r\n" : "\r\n");
            }
            try (Socket socket = connect()) {
                socket.getOutputStream().write(requests.toString().getBytes(StandardCharsets.US_ASCII));
                InputStream in = socket.getInputStream();
                return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
            }
        }

        @Override
        public void close() {
            client.close();
            server.close();
        }
    }
}
