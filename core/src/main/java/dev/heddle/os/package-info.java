/**
 * Files for goroutines: {@link dev.heddle.os.File}, after Go's {@code os.File}, and {@link dev.heddle.os.Files}, the
 * everyday calls. Everything that may block is declared through {@link dev.heddle.sched.Syscall}, in pieces of at most
 * 64 KiB, so a slow disk or a FIFO without a writer holds up its own goroutine and a thread, never a P.
 *
 * <p>What the JDK has for files, and why this package stands on {@link java.io.RandomAccessFile} and the file streams:
 *
 * <ul>
 *   <li>{@link java.nio.channels.FileChannel} is closed when a thread is interrupted inside it, for all who share it.
 *       To close one waits until nobody is inside any more, and a virtual thread inside is not told to leave: closing a
 *       channel in which a goroutine reads a FIFO hangs, and so does interrupting that goroutine. With an array behind
 *       the buffer it also keeps a direct buffer for each thread that was ever inside.
 *   <li>{@link java.nio.channels.AsynchronousFileChannel} is not closed by interrupts, but wants an executor that is
 *       not the caller: two hand-overs between threads for each piece.
 *   <li>{@link java.io.RandomAccessFile} is not interruptible, and copies through the thread's stack or a block that
 *       is freed when the call ends. It has no positional read: a {@code File} seeks and reads under a lock of its own.
 *       So calls on <em>one</em> {@code File} run one after the other; open one per goroutine to read in parallel.
 * </ul>
 *
 * <p>Nothing here is ended by an interrupt, and the interrupt status stays as it is.
 *
 * <p>Paths must belong to the default file system; others end with {@link java.lang.UnsupportedOperationException}.
 */
package dev.heddle.os;
