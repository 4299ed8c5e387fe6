package dev.heddle.load.jmh;

import dev.heddle.sched.Syscall;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What does it cost to declare a blocking call? An empty call shows entry and exit alone, a read of 4 KiB from the page
 * cache what they add to a short real one. The JDK's scheduler has no such declaration for file reads: there the call
 * is simply made.
 */
public class SyscallBenchmark extends Measured {
    private static final int CALLS = 1000;
    private static final int BLOCK_BYTES = 4096;

    /** A file of one block. */
    @State(Scope.Benchmark)
    public static class Block {
        private Path path;
        private FileChannel channel;
        private final ByteBuffer buffer = ByteBuffer.allocateDirect(BLOCK_BYTES);

        /** Makes the file. */
        @Setup(Level.Trial)
        public void open() throws IOException {
            path = Files.createTempFile("heddle-jmh", ".bin");
            Files.write(path, new byte[BLOCK_BYTES]);
            channel = FileChannel.open(path, StandardOpenOption.READ);
        }

        /** Removes it. */
        @TearDown(Level.Trial)
        public void close() throws IOException {
            channel.close();
            Files.delete(path);
        }

        private int read() throws IOException {
            return channel.read(buffer.clear(), 0);
        }
    }

    /** Heddle, a call that does nothing. */
    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void heddleEmpty(Threads threads) throws InterruptedException {
        threads.inGoroutine(() -> {
            for (int i = 0; i < CALLS; i++) {
                Syscall.call(() -> null);
            }
        });
    }

    /** Heddle, a declared read. */
    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void heddleRead(Threads threads, Block block) throws InterruptedException {
        threads.inGoroutine(() -> {
            try {
                for (int i = 0; i < CALLS; i++) {
                    Syscall.call(block::read);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** The JDK, an undeclared read. */
    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void jdkRead(Block block) throws InterruptedException {
        Threads.inVirtualThread(() -> {
            try {
                for (int i = 0; i < CALLS; i++) {
                    block.read();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }
}
