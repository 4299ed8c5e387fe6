package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A process whose heap of 128 MiB is full for a while: afterwards it answers as before, and ends when it is told to. */
@Timeout(180)
class FullHeapTest {
    private static final int SIGTERM_STATUS = 128 + 15;
    private static final int FILE_BYTES = 1 << 20;

    /** Far longer than {@link ServerProcess#status} waits, so that a process that uses it up has failed. */
    private static final Duration GRACE = Duration.ofMinutes(5);

    private static final Duration FULL = Duration.ofSeconds(3);
    private static final int TIMES_FULL = 5;

    private static final int REQUESTS = 40;
    /** All of them, from the end of the attack on. */
    private static final int ANSWER_MILLIS = 5_000;

    @TempDir
    static Path files;

    /** The server. Its argument is the file that it serves. */
    static final class Main {
        private Main() {}

        public static void main(String[] args) throws Exception {
            Path file = Path.of(args[0]);
            Server server = App.create()
                    .get("/plaintext", c -> c.text("hello"))
                    .get("/file", c -> c.file(file))
                    .get("/fill", c -> {
                        fill();
                        c.text("filled");
                    })
                    .get("/wait", c -> {
                        while (!c.isClientGone()) {
                            Goroutine.sleep(Duration.ofMillis(100));
                        }
                    })
                    .with(Servers.config().withShutdownHook(true).withDrainGrace(GRACE))
                    .start();
            System.out.println("port " + server.port());
            server.awaitStop();
        }

        /** Takes each byte of the heap that it can get, for a time. */
        private static void fill() {
            Object[] all = null;
            long end = System.nanoTime() + FULL.toNanos();
            int bytes = 64 << 10;
            while (System.nanoTime() - end < 0) {
                try {
                    all = new Object[] {all, new byte[bytes]};
                } catch (OutOfMemoryError e) {
                    bytes = Math.max(bytes / 2, 16);
                    Goroutine.goyield();
                }
            }
        }
    }

    private int port;

    private ServerProcess start() throws Exception {
        Path file = files.resolve("file");
        Files.write(file, new byte[FILE_BYTES]);
        ServerProcess process = ServerProcess.start(List.of("-Xmx128m"), Main.class, file.toString());
        try {
            port = Integer.parseInt(process.line("port ").substring(5));
            areServed();
            return process;
        } catch (Throwable t) {
            process.close();
            throw t;
        }
    }

    private void areServed() throws Exception {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ANSWER_MILLIS);
        for (int i = 0; i < REQUESTS; i++) {
            String answer = get("/plaintext", (int) Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())));
            assertTrue(answer.startsWith("HTTP/1.1 200 ") && answer.endsWith("hello"), "request " + i + " got " + answer);
        }
    }

    private String get(String target, int millis) throws IOException {
        try (Socket client = new Socket()) {
            client.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), millis);
            client.setSoTimeout(millis);
            client.getOutputStream().write(
                    ("GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            InputStream in = client.getInputStream();
            in.transferTo(answer);
            return answer.toString(StandardCharsets.ISO_8859_1);
        }
    }

    private void ends(ServerProcess process) throws Exception {
        areServed();
        process.terminate();
        assertEquals(SIGTERM_STATUS, process.status());
    }

    @Test
    void aHandlerFillsIt() throws Exception {
        try (ServerProcess process = start()) {
            for (int i = 0; i < TIMES_FULL; i++) {
                Thread filling = Thread.ofPlatform().daemon().start(() -> tryGet("/fill"));
                List<Thread> others = new ArrayList<>();
                for (int k = 0; k < 20; k++) {
                    others.add(Thread.ofPlatform().daemon().start(() -> {
                        while (filling.isAlive()) {
                            tryGet("/plaintext");
                        }
                    }));
                }
                filling.join();
                for (Thread other : others) {
                    other.join();
                }
            }
            ends(process);
        }
    }

    private void tryGet(String target) {
        try {
            get(target, ANSWER_MILLIS);
        } catch (IOException e) {
            // whoever has no memory may close
        }
    }

    @Test
    void clientsDoNotRead() throws Exception {
        try (ServerProcess process = start()) {
            String one = "GET /file HTTP/1.1\r\nHost: a\r\n\r\n";
            List<SocketChannel> clients = connect(800);
            for (int i = 0; i < clients.size(); i++) {
                send(clients.get(i), i % 4 == 0 ? one.repeat(20) : one);
            }
            tryAll(clients);
            ends(process);
        }
    }

    @Test
    void headsDoNotEnd() throws Exception {
        manySend(head("/plaintext", 70));
    }

    @Test
    void headsAreTooLong() throws Exception {
        manySend(head("/plaintext", 98));
    }

    @Test
    void handlersKeepLongHeads() throws Exception {
        manySend(head("/wait", 65) + "\r\n");
    }

    /** The most that is accepted are 16 KiB. */
    private static String head(String target, int lines) {
        return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + ("X-Y: " + "v".repeat(220) + "\r\n").repeat(lines);
    }

    private void manySend(String text) throws Exception {
        try (ServerProcess process = start()) {
            List<SocketChannel> clients = connect(5000);
            for (SocketChannel client : clients) {
                send(client, text);
            }
            tryAll(clients);
            ends(process);
        }
    }

    private List<SocketChannel> connect(int number) throws IOException {
        List<SocketChannel> clients = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            SocketChannel client = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            client.configureBlocking(false);
            clients.add(client);
        }
        return clients;
    }

    private static void send(SocketChannel client, String text) {
        try {
            client.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
        } catch (IOException e) {
            // cut off
        }
    }

    private void tryAll(List<SocketChannel> clients) throws Exception {
        tryGet("/plaintext");
        for (SocketChannel client : clients) {
            client.close();
        }
    }
}
