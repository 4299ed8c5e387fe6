package dev.heddle.examples.tour;

import dev.heddle.sched.Syscall;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * A call that stays in the kernel with its thread until somebody ends it, as a read from a slow disk does: here a read from a
 * pipe, on whose other end {@code cat} sends back what we send it. (Of sockets and selectors the JDK would free the thread.)
 */
final class KernelCall implements AutoCloseable {
    private final Process cat;

    KernelCall() {
        try {
            cat = new ProcessBuilder("cat").start();
            end();
            read(); // loads what it needs
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Makes the call, and tells the scheduler, as Go does around every system call. */
    void make() {
        Syscall.call(this::read);
    }

    private int read() {
        try {
            return cat.getInputStream().read();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends the call that is under way, or the next. */
    void end() {
        try {
            cat.getOutputStream().write('.');
            cat.getOutputStream().flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        cat.destroy();
    }
}
