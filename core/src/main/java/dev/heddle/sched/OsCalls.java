package dev.heddle.sched;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/**
 * Calls of the C library, on Linux. All have one signature, that of the netpoller's: linking a new one takes some 10 ms. Sound
 * on amd64 and aarch64, where the first five integer arguments travel in registers and a function reads those it knows.
 */
final class OsCalls {
    static final boolean LINUX = System.getProperty("os.name").equals("Linux");

    private static final MethodHandle CALL = LINUX
            ? Linker.nativeLinker()
                    .downcallHandle(
                            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
                            Linker.Option.captureCallState("errno"))
            : null;

    private static final MemorySegment CREAT = find("creat");
    private static final MemorySegment WRITE = find("write");
    private static final MemorySegment CLOSE = find("close");

    /** Shared by all threads: nobody reads it. */
    private static final MemorySegment ERRNO = Arena.global().allocate(Linker.Option.captureStateLayout());

    private OsCalls() {}

    static MemorySegment find(String name) {
        return LINUX ? Linker.nativeLinker().defaultLookup().findOrThrow(name) : null;
    }

    /** Does not throw; returns -1 instead, and where there is no such system. */
    static int call(MemorySegment function, long a, long b, long c) {
        if (!LINUX) {
            return -1;
        }
        try {
            return (int) CALL.invokeExact(function, ERRNO, a, b, c, 0L, 0L);
        } catch (Throwable e) {
            return -1;
        }
    }

    /**
     * Writes a text into a file with one call, as files of the kernel want it. Does not throw.
     *
     * @param path with a zero at its end
     * @param text without one
     * @return whether the system has taken it
     */
    static boolean write(MemorySegment path, MemorySegment text) {
        int file = call(CREAT, path.address(), 0, 0);
        if (file < 0) {
            return false;
        }
        boolean written = call(WRITE, file, text.address(), text.byteSize()) == text.byteSize();
        call(CLOSE, file, 0, 0);
        Reference.reachabilityFence(path);
        Reference.reachabilityFence(text);
        return written;
    }
}
