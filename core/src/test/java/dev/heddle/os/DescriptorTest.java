package dev.heddle.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.sched.Goroutine;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The handle is closed once, by whoever is the last, and never while somebody uses it. */
@Timeout(60)
class DescriptorTest {
    @TempDir
    Path dir;

    /** Counts its closes, and knows whether it was closed. */
    private static final class Watched extends FileOutputStream {
        final AtomicInteger closes = new AtomicInteger();

        Watched(Path path) throws IOException {
            super(path.toFile());
        }

        @Override
        public void close() throws IOException {
            closes.incrementAndGet();
            super.close();
        }
    }

    @Test
    void theLastUseCloses() throws Exception {
        Watched out = new Watched(dir.resolve("f"));
        Descriptor descriptor = new Descriptor(new Handle.Output(out));
        var first = descriptor.use();
        var second = descriptor.use();
        descriptor.close();
        descriptor.close();
        assertFalse(descriptor.isOpen());
        assertThrows(ClosedChannelException.class, descriptor::use);
        first.close();
        assertEquals(0, out.closes.get());
        second.close();
        assertEquals(1, out.closes.get());
        assertThrows(ClosedChannelException.class, descriptor::use);
        descriptor.close();
        assertEquals(1, out.closes.get());
    }

    @Test
    void closesAtOnceWithoutUses() throws Exception {
        Watched out = new Watched(dir.resolve("f"));
        Descriptor descriptor = new Descriptor(new Handle.Output(out));
        descriptor.use().close();
        assertEquals(0, out.closes.get());
        descriptor.close();
        assertEquals(1, out.closes.get());
    }

    @Test
    void closesOnceInARace() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (int round = 0; round < 300; round++) {
                Watched out = new Watched(dir.resolve("f"));
                Descriptor descriptor = new Descriptor(new Handle.Output(out));
                List<Callable<Integer>> bodies = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    bodies.add(() -> useUntilClosed(descriptor, out));
                    bodies.add(() -> {
                        descriptor.close();
                        return 0;
                    });
                }
                for (Future<Integer> done : threads.invokeAll(bodies, 20, TimeUnit.SECONDS)) {
                    done.get();
                }
                assertEquals(1, out.closes.get());
            }
        }
    }

    private static int useUntilClosed(Descriptor descriptor, Watched out) throws IOException {
        int uses = 0;
        while (true) {
            try (var _ = descriptor.use()) {
                assertEquals(0, out.closes.get(), "closed while in use");
                out.write(uses);
                uses++;
            } catch (ClosedChannelException e) {
                return uses;
            }
        }
    }

    /**
     * Without the count a number given to a new file could be read through the old one: every file contains its own
     * number, and whoever reads one must see that or be told that it is closed.
     */
    @Test
    void nobodyReadsAnotherFileAfterAClose() throws Exception {
        int files = 64;
        for (int i = 0; i < files; i++) {
            Files.write(dir.resolve("f" + i), new byte[] {(byte) i});
        }
        try (Running running = Running.withProcs(2)) {
            List<Running.Task<Integer>> tasks = new ArrayList<>();
            for (int round = 0; round < 20; round++) {
                for (int i = 0; i < files; i++) {
                    int number = i;
                    File file = File.open(dir.resolve("f" + i), StandardOpenOption.READ);
                    tasks.add(running.go(() -> readUntilClosed(file, number)));
                    tasks.add(running.go(() -> readUntilClosed(file, number)));
                    tasks.add(running.go(() -> {
                        file.close();
                        return 0;
                    }));
                }
            }
            for (var task : tasks) {
                running.await(task);
            }
        }
    }

    private static int readUntilClosed(File file, int number) throws IOException {
        int reads = 0;
        while (true) {
            ByteBuffer buffer = ByteBuffer.allocate(1);
            try {
                assertEquals(1, file.readAt(buffer, 0));
            } catch (ClosedChannelException e) {
                return reads;
            }
            assertEquals(number, buffer.get(0));
            reads++;
            Goroutine.gosched(); // there are more of these than Ps, and nobody is preempted here
        }
    }
}
