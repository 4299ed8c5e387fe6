package dev.heddle.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The program as its user meets it: a JVM of its own, arguments, exit statuses, signals. */
@Timeout(180)
final class MainTest {
    private static final Pattern ADDRESS = Pattern.compile("127\\.0\\.0\\.1:(\\d+)");

    @Test
    void theHelpNamesAllExamples() throws Exception {
        try (Child child = Child.start("--help")) {
            assertEquals(0, child.awaitEnd());
            for (String name : List.of("hello", "bench", "echo", "tour")) {
                assertTrue(child.output().contains("\n  " + name + " "), child.output());
            }
        }
    }

    @Test
    void theHelpOfAnExampleListsItsFlags() throws Exception {
        try (Child child = Child.start("bench", "--help")) {
            assertEquals(0, child.awaitEnd());
            for (String flag : List.of("--dir DIR", "--port VALUE", "--procs VALUE", "HEDDLE_IDLE_TIMEOUT")) {
                assertTrue(child.output().contains(flag), child.output());
            }
        }
    }

    @Test
    void anUnknownExampleIsRefused() throws Exception {
        try (Child child = Child.start("helo")) {
            assertEquals(2, child.awaitEnd());
            assertEquals(
                    "heddle-examples: example: got helo, need one of hello, bench, echo, tour\nTry --help.\n",
                    child.output());
        }
    }

    @Test
    void aBadFlagIsRefused() throws Exception {
        try (Child child = Child.start("hello", "--port", "http")) {
            assertEquals(2, child.awaitEnd());
            assertEquals(
                    "heddle-examples: hello: --port=http: got 'http', need a whole number\nTry hello --help.\n",
                    child.output());
        }
    }

    @Test
    void aPortInUseEndsTheProgramWithAClearLine() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Child child = Child.start("hello", "--host", "127.0.0.1", "--port", "" + taken.getLocalPort())) {
            assertEquals(1, child.awaitEnd());
            String line = "(?m)^heddle-examples: hello: .*127\\.0\\.0\\.1:" + taken.getLocalPort();
            assertTrue(Pattern.compile(line).matcher(child.output()).find(), child.output());
        }
    }

    @Test
    void helloServesUntilItIsToldToEnd() throws Exception {
        try (Child child = Child.start("hello", "--host", "127.0.0.1", "--port", "0");
                HttpClient client = HttpClient.newHttpClient()) {
            URI address = URI.create("http://127.0.0.1:" + child.await(ADDRESS).group(1) + "/hello/World");
            HttpRequest request =
                    HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(30)).build();
            assertEquals("Hello, World!\n", client.send(request, BodyHandlers.ofString()).body());
            child.terminate();
            assertEndedByTermination(child);
        }
    }

    @Test
    void echoServesUntilItIsToldToEnd() throws Exception {
        try (Child child = Child.start("echo", "--host", "127.0.0.1", "--port", "0", "--procs", "1")) {
            int port = Integer.parseInt(child.await(ADDRESS).group(1));
            try (Socket socket = new Socket("127.0.0.1", port)) {
                socket.setSoTimeout(30_000);
                socket.getOutputStream().write("abc".getBytes(StandardCharsets.US_ASCII));
                assertEquals("abc", new String(socket.getInputStream().readNBytes(3), StandardCharsets.US_ASCII));
            }
            child.terminate();
            assertEndedByTermination(child);
        }
    }

    /** A JVM that SIGTERM ends has the status 128 + 15, also when its shutdown hooks have done all that they should. */
    private static void assertEndedByTermination(Child child) throws InterruptedException {
        int status = child.awaitEnd();
        assertTrue(status == 143 || status == 0, "status " + status + ", output:\n" + child.output());
    }
}
