package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** No class of ours or Netty's is initialised by a request, when there may be no memory: such a class is lost for ever. */
@Timeout(120)
class PreloadTest {
    private static final Pattern INITIALIZED = Pattern.compile("Initializing '((?:io/netty|dev/heddle)[^']*)' ");

    /** By the first error of a thread, or the end of the process. */
    private static final Pattern ALLOWED = Pattern.compile(".*(LeakDetector|LeakAware|LeakRecord|http/Signals|jdk/JvmEnd).*");

    @TempDir
    static Path directory;

    @Test
    void requestsInitializeNothing() throws Exception {
        Path log = directory.resolve("initialized");
        Path file = Files.write(directory.resolve("file"), new byte[300_000]);
        try (ServerProcess process = ServerProcess.start(
                List.of("-Xmx128m", "-Xlog:class+init=info:file=" + log), FullHeapTest.Main.class, file.toString())) {
            int port = Integer.parseInt(process.line("port ").substring(5));
            long before;
            try (Stream<String> lines = Files.lines(log)) {
                before = lines.count();
            }
            assertTrue(before > 0);
            for (int i = 0; i < 3; i++) {
                ask(port, "GET /plaintext HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "200");
                ask(port, "GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n".repeat(5) + "BAD\r\n\r\n", "200");
                ask(port, "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "200");
                ask(port, "GET /none HTTP/1.0\r\nHost: a\r\n\r\n", "404");
                ask(port, "POST /plaintext HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc", "405");
                ask(port, "POST /none HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                        + "1\r\na\r\n0\r\n\r\n", "404");
            }
            List<String> late;
            try (Stream<String> lines = Files.lines(log)) {
                late = lines.skip(before)
                        .map(INITIALIZED::matcher)
                        .filter(Matcher::find)
                        .map(found -> found.group(1))
                        .filter(name -> !ALLOWED.matcher(name).matches())
                        .toList();
            }
            assertEquals(List.of(), late, "to be named in a Preload");
        }
    }

    private static void ask(int port, String request, String status) throws Exception {
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
            client.setSoTimeout(20_000);
            client.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            String answer = new String(client.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            assertTrue(answer.startsWith("HTTP/1.1 " + status), answer);
        }
    }
}
