package dev.heddle.http.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Files that change while they are served, and clients that take long to read them. */
@Timeout(60)
class ChangingFilesTest extends Site {
    /** The client reads slowly from a small buffer: what is sent stays right, and the server does not read ahead. */
    @Test
    void aSlowClientGetsEveryByte() throws Exception {
        byte[] huge = new byte[20 << 20];
        new Random(2).nextBytes(huge);
        Files.write(root.resolve("huge.bin"), huge);
        start();
        try (Wire slow = new Wire(server.port(), 4096)) {
            slow.send("GET", "/static/huge.bin");
            Wire.Answer head = slow.readHead();
            int length = Integer.parseInt(head.header("content-length"));
            assertEquals(huge.length, length);
            byte[] first = slow.body(1000);
            assertEquals("0123456789", get("/static/a.txt").text(), "others are served meanwhile");
            byte[] rest = slow.body(length - 1000);
            assertArrayEquals(Arrays.copyOf(huge, 1000), first);
            assertArrayEquals(Arrays.copyOfRange(huge, 1000, length), rest);
        }
    }

    @Test
    void aFileThatIsCutOffWhileItIsSentBreaksTheConnection() throws Exception {
        Path path = root.resolve("huge.bin");
        Files.write(path, new byte[64 << 20]);
        start();
        try (Wire slow = new Wire(server.port(), 4096)) {
            slow.send("GET", "/static/huge.bin");
            int length = Integer.parseInt(slow.readHead().header("content-length"));
            slow.body(1000);
            try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
                file.truncate(2000);
            }
            assertThrows(IOException.class, () -> slow.body(length - 1000));
        }
        assertEquals("0123456789", get("/static/a.txt").text());
    }

    @Test
    void aFileThatIsReplacedWhileItIsSentIsSentAsItWas() throws Exception {
        byte[] old = new byte[20 << 20];
        new Random(3).nextBytes(old);
        Path path = root.resolve("huge.bin");
        Files.write(path, old);
        start();
        try (Wire slow = new Wire(server.port(), 4096)) {
            slow.send("GET", "/static/huge.bin");
            int length = Integer.parseInt(slow.readHead().header("content-length"));
            Path next = Files.write(root.resolve("next"), "new".getBytes(UTF_8));
            Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
            assertArrayEquals(old, slow.body(length));
            slow.send("GET", "/static/huge.bin");
            assertEquals("new", slow.read(true).text());
        }
    }

    /** A body and the validators that go with it always belong together, however often the file is replaced. */
    @Test
    void validatorsBelongToTheBody() throws Exception {
        start();
        Path path = root.resolve("turn.txt");
        replace(path, 0);
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        Thread writer = Thread.ofPlatform().start(() -> {
            for (int i = 1; i < 2_000 && System.nanoTime() - end < 0; i++) {
                replace(path, i);
            }
        });
        int answers = 0;
        int checked = 0;
        while (writer.isAlive() || answers == 0) {
            Wire.Answer answer = get("/static/turn.txt");
            assertEquals(200, answer.status());
            answers++;
            if (answer.header("etag") == null) {
                assertNull(answer.header("last-modified"));
                continue; // it has been replaced at each attempt
            }
            checked++;
            String[] number = answer.text().strip().split(" ");
            long seconds = HttpTime.parse(answer.header("last-modified")).getEpochSecond();
            assertEquals(PAST.getEpochSecond() + Long.parseLong(number[0]), seconds);
        }
        writer.join();
        assertTrue(checked > 0, "some had validators");
    }

    @Test
    void aFileThatGrowsAllTheTimeIsServedAsFarAsItIs() throws Exception {
        start();
        Path log = root.resolve("busy.log");
        Files.writeString(log, "");
        AtomicBoolean stop = new AtomicBoolean();
        Thread writer = Thread.ofPlatform().start(() -> {
            try (FileChannel file = FileChannel.open(log, StandardOpenOption.APPEND)) {
                while (!stop.get() && file.size() < 2_000_000) {
                    file.write(ByteBuffer.wrap("0123456789".getBytes(UTF_8)));
                }
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        try {
            for (int i = 0; i < 50; i++) {
                Wire.Answer answer = get("/static/busy.log");
                assertEquals(200, answer.status());
                String text = answer.text();
                assertEquals("0123456789".repeat(text.length() / 10 + 1).substring(0, text.length()), text);
            }
        } finally {
            stop.set(true);
            writer.join();
        }
    }

    /** The number in the file is the number of seconds by which it is older; the size never changes. */
    private void replace(Path path, int number) {
        try {
            Path next = temp.resolve("next");
            Files.writeString(next, String.format("%08d and more", number));
            touch(next, PAST.plusSeconds(number));
            Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
