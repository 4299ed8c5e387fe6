package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import io.netty.util.internal.PlatformDependent;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A server with a heap of 128 MiB and a thousand clients that want it to keep things: it lives, what it keeps is what its
 * README says, and others are served meanwhile and afterwards.
 */
@Timeout(180)
class ThousandClientsTest {
    private static final int CLIENTS = 1000;
    private static final long HEAP_BYTES = 128 << 20;
    /**
     * The default of {@code max-held-bytes} is a quarter of the heap, and half as much again for clients that have got on within
     * the last second; the rest is what comes in before those that are cut off have been closed.
     */
    private static final long MOST_HELD = HEAP_BYTES / 2;

    /** What reading, decoding and the buffers of one pass may add to it, and goroutines of requests that sleep. */
    private static final long SLACK = 8 << 20;

    private static final String HEAD = " HTTP/1.1\r\nHost: test\r\n";

    /** The server. */
    static final class Main {
        private Main() {}

        public static void main(String[] args) throws Exception {
            Server server = App.create()
                    .get("/", c -> c.text("hello"))
                    .get("/large", c -> c.stream("text/plain", out -> {
                        byte[] piece = new byte[8 << 10];
                        for (int i = 0; i < 128; i++) {
                            out.write(piece);
                        }
                    }))
                    .get("/sleep", Main::sleep)
                    .post("/sleep", Main::sleep)
                    .post("/count", c -> c.text("" + c.bodyStream().transferTo(OutputStream.nullOutputStream())))
                    .get("/figures", c -> c.text(figures(c.server())))
                    .with(Servers.config())
                    .start();
            System.out.println("port " + server.port());
            server.awaitStop();
        }

        /** As long as the client is there: nothing of one attack is left in the next. */
        private static void sleep(Ctx c) throws InterruptedException {
            while (!c.isClientGone()) {
                Goroutine.sleep(Duration.ofMillis(500));
            }
        }

        private static String figures(Server server) {
            System.gc();
            System.gc(); // what the first one has found to be garbage of old regions
            ServerStats stats = server.stats();
            long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
            long direct = Math.max(0, PlatformDependent.usedDirectMemory());
            return stats.bytesHeld() + " " + heap + " " + direct + " " + stats.connectionsOpen() + " "
                    + stats.connectionsCut();
        }
    }

    private record Figures(long held, long heap, long direct, long open, long cut) {}

    private int port;

    @Test
    void whateverTheyHoldOthersAreServed() throws Exception {
        Process process = start();
        BufferedReader out = process.inputReader(); // closed by the end of the process
        try {
            port = Integer.parseInt(await(out, "port ").substring(5));
            Thread.ofPlatform().daemon().start(() -> out.lines().forEach(line -> System.out.println("server: " + line)));
            areServed();
            Figures before = figures();
            String chunks = "POST /count" + HEAD + "Transfer-Encoding: chunked\r\n\r\n" + "1\r\nx\r\n".repeat(20_000) + "0\r\n\r\n";
            attack("chunks behind a sleeping request", "GET /sleep" + HEAD + "\r\n" + chunks.repeat(2), before);
            attack("a body that is not read", "POST /sleep" + HEAD + "Content-Length: 300000\r\n\r\n" + "x".repeat(300_000), before);
            String lines = ("X-Y: " + "v".repeat(150) + "\r\n").repeat(90);
            attack("unfinished heads", "GET /" + "u".repeat(8000) + HEAD + lines, before);
            attack("heads behind a sleeping request", "GET /sleep" + HEAD + "\r\n" + ("GET /" + HEAD + lines + "\r\n").repeat(20), before);
            attack("answers that are not read", ("GET /large" + HEAD + "\r\n").repeat(20), before);
            assertTrue(process.isAlive());
            process.destroy();
            assertTrue(process.waitFor(30, TimeUnit.SECONDS), "SIGTERM");
        } finally {
            process.destroyForcibly();
        }
    }

    private void attack(String name, String text, Figures before) throws Exception {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        List<SocketChannel> clients = new ArrayList<>();
        List<ByteBuffer> rests = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            SocketChannel client = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            client.configureBlocking(false);
            clients.add(client);
            rests.add(ByteBuffer.wrap(bytes));
        }
        int[] calm = {0};
        Await.until("the server takes no more", () -> {
            long sent = 0;
            for (int i = 0; i < CLIENTS; i++) {
                try {
                    sent += clients.get(i).write(rests.get(i));
                } catch (IOException e) {
                    rests.get(i).position(bytes.length); // cut off
                }
            }
            calm[0] = sent == 0 ? calm[0] + 1 : 0;
            return calm[0] > 20;
        });
        areServed();
        Figures during = figures();
        System.out.printf("%s: %s%n", name, during);
        assertTrue(during.held <= MOST_HELD, name + ": it says that it holds " + during.held);
        long more = during.heap - before.heap;
        assertTrue(more <= during.held / 4 * 5 + SLACK, name + ": of the heap it keeps " + more + ", it says " + during.held);
        for (SocketChannel client : clients) {
            client.setOption(StandardSocketOptions.SO_LINGER, 0); // or its system would go on sending what is not read
            client.close();
        }
        areServed();
        Await.until("all have left", () -> open() == 1); // who asks
    }

    private long open() {
        try {
            return figures().open;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void areServed() throws Exception {
        for (int i = 0; i < 40; i++) {
            assertEquals("hello", get("/").text());
        }
    }

    private Answer get(String target) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
                RawClient client = RawClient.of(socket)) {
            return client.get(target).read();
        }
    }

    private Figures figures() throws IOException {
        String[] f = get("/figures").text().split(" ");
        return new Figures(
                Long.parseLong(f[0]),
                Long.parseLong(f[1]),
                Long.parseLong(f[2]),
                Long.parseLong(f[3]),
                Long.parseLong(f[4]));
    }

    private static Process start() throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (argument.startsWith("--")) {
                command.add(argument);
            }
        }
        command.addAll(List.of(
                "-ea", "-Xmx" + HEAP_BYTES, "-cp", System.getProperty("java.class.path"), Main.class.getName()));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private static String await(BufferedReader out, String beginning) throws IOException {
        StringBuilder seen = new StringBuilder();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.startsWith(beginning)) {
                return line;
            }
            seen.append(line).append('\n');
        }
        throw new AssertionError("the process ended without: " + beginning + "\n" + seen);
    }
}
