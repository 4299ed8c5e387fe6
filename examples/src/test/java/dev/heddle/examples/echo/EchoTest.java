package dev.heddle.examples.echo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.http.ServerConfig;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class EchoTest {
    private static final int CLIENTS = 20;
    private static final int BYTES = 300_000;

    @Test
    void everyClientGetsBackWhatItSent() throws Exception {
        ServerConfig config = ServerConfig.defaults().withHost("127.0.0.1").withPort(0);
        try (Echo server = Echo.start(config);
                ExecutorService clients = Executors.newCachedThreadPool()) {
            List<Future<byte[]>> answers = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                byte[] sent = bytes(i);
                answers.add(clients.submit(() -> exchange(clients, server.port(), sent)));
            }
            for (int i = 0; i < CLIENTS; i++) {
                assertArrayEquals(bytes(i), answers.get(i).get(30, TimeUnit.SECONDS));
            }
        }
    }

    /** Writes on a second thread: more than the socket buffers hold is under way, so nobody may write it all first. */
    private static byte[] exchange(ExecutorService threads, int port, byte[] sent) throws Exception {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(30_000);
            Future<?> written = threads.submit(() -> {
                socket.getOutputStream().write(sent);
                socket.shutdownOutput();
                return null;
            });
            byte[] got = socket.getInputStream().readAllBytes();
            written.get(30, TimeUnit.SECONDS);
            assertEquals(sent.length, got.length);
            return got;
        }
    }

    private static byte[] bytes(int seed) {
        byte[] bytes = new byte[BYTES];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
