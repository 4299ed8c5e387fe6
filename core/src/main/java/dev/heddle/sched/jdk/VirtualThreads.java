package dev.heddle.sched.jdk;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import jdk.internal.access.JavaLangAccess;
import jdk.internal.access.SharedSecrets;
import jdk.internal.misc.Unsafe;
import jdk.internal.vm.Continuation;
import jdk.internal.vm.ThreadContainer;
import jdk.internal.vm.ThreadContainers;

/**
 * Virtual threads with a scheduler of our own, on the JDK's private constructor {@code VirtualThread(Executor, String,
 * int, Runnable)}. The executor given there is called with the thread's <em>continuation</em>, one object for the
 * thread's whole life, each time that it becomes runnable; running that object on a {@link Carrier} mounts the thread
 * until it parks, yields or ends.
 */
public final class VirtualThreads {
    /**
     * The flags that open the JDK's internals to Heddle, as they stand on a command line. Where they were not given the first use
     * of this class opens the same itself, unless {@code -Dheddle.open-jdk=false} forbids it.
     */
    public static final String FLAGS = Access.flags();

    static {
        Access.open(); // before any class is linked that needs it: all others come by this one
    }

    private VirtualThreads() {}

    /**
     * Opens the JDK, if no flag has, before the caller links a {@link Carrier}. For classes that may be used before a scheduler
     * has been started. Never throws, and costs nothing the second time.
     */
    public static void open() {}

    /**
     * Checks that the JVM has what this package needs. Says once in the log what was opened for it, and whether this build of
     * the JDK is known to lose virtual threads.
     *
     * @throws IllegalStateException if it has not; the message names the flags to add
     * @throws IllegalArgumentException if {@code heddle.open-jdk} is neither true nor false
     */
    public static void ensureAvailable() {
        if (Access.refusal() instanceof IllegalArgumentException e) {
            throw e;
        }
        try {
            Internals.checkContinuationOfUnstartedThread();
        } catch (Throwable e) { // an IllegalAccessError, or whatever a different JDK brings
            throw unavailable(e);
        }
        Access.report();
        KnownBugs.report();
    }

    private static IllegalStateException unavailable(Throwable cause) {
        Throwable refusal = Access.refusal();
        IllegalStateException e = new IllegalStateException(
                "Heddle runs on JDK 25 and needs access to some of its internals; this is Java "
                        + Runtime.version()
                        + (refusal == null ? "" : ", which could not be opened from inside (" + refusal.getMessage() + ")")
                        + ". Start the JVM with: " + FLAGS
                        + " (an executable jar carries them in its manifest: Add-Opens: java.base/java.lang,"
                        + " Add-Exports: java.base/jdk.internal.misc java.base/jdk.internal.access"
                        + " java.base/jdk.internal.vm, Enable-Native-Access: ALL-UNNAMED)",
                cause);
        if (refusal != null) {
            e.addSuppressed(refusal);
        }
        return e;
    }

    /**
     * Makes an unstarted virtual thread. It inherits the caller's context class loader.
     *
     * @param scheduler is handed the continuation each time that the thread becomes runnable
     * @param name the thread's name, empty for none
     * @param inherit whether it inherits the caller's inheritable thread locals
     * @param body what it runs
     * @return the thread
     */
    public static Thread newThread(Executor scheduler, String name, boolean inherit, Runnable body) {
        try {
            Thread thread = (Thread)
                    Internals.NEW_THREAD.invokeExact(scheduler, name, inherit ? 0 : Internals.NO_INHERIT, body);
            if (!inherit) { // the JDK has given it the system's: wrong in a container, or where a tool runs the program
                thread.setContextClassLoader(Thread.currentThread().getContextClassLoader());
            }
            return thread;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the continuation of a virtual thread: what its scheduler is handed. */
    public static Runnable continuation(Thread virtual) {
        return (Runnable) Internals.UNSAFE.getReference(virtual, Internals.CONTINUATION_OFFSET);
    }

    /** Returns the virtual thread of a continuation, the reverse of {@link #continuation}. */
    public static Thread threadOf(Runnable continuation) {
        return (Thread) Internals.UNSAFE.getReference(continuation, Internals.CAPTURED_THREAD_OFFSET);
    }

    /** Returns the scheduler of a virtual thread. */
    public static Executor scheduler(Thread virtual) {
        return (Executor) Internals.UNSAFE.getReferenceVolatile(virtual, Internals.SCHEDULER_OFFSET);
    }

    /**
     * Gives a virtual thread that has not run yet another scheduler. Only for a thread whose first run has just been
     * handed to the old one: nobody else reads the field then.
     */
    public static void scheduler(Thread virtual, Executor scheduler) {
        Internals.UNSAFE.putReferenceVolatile(virtual, Internals.SCHEDULER_OFFSET, scheduler);
    }

    /**
     * Whether a virtual thread was about to wait and does not: in {@code VirtualThread.afterYield} something has been thrown. To
     * be asked of one that has just left its carrier, by that carrier.
     */
    public static boolean isBetweenStates(Thread virtual) {
        int state = Internals.UNSAFE.getIntVolatile(virtual, Internals.STATE_OFFSET);
        return state == Internals.PARKING
                || state == Internals.TIMED_PARKING
                || state == Internals.YIELDING
                || state == Internals.BLOCKING
                || state == Internals.WAITING
                || state == Internals.TIMED_WAITING;
    }

    /**
     * Ends the wait of a virtual thread that was to wait for a time, and for which {@code VirtualThread.afterYield} could not
     * set its timer: it becomes runnable, and its scheduler is handed its continuation. Both {@code parkNanos} and
     * {@code Object.wait} may return early. By the carrier that it has just left.
     *
     * @return false if it is not in that state
     */
    public static boolean endTimedWait(Thread virtual) {
        int to;
        int state = Internals.UNSAFE.getIntVolatile(virtual, Internals.STATE_OFFSET);
        if (state == Internals.TIMED_PARKING) {
            to = Internals.UNPARKED;
        } else if (state == Internals.TIMED_WAITING) {
            to = Internals.UNBLOCKED;
        } else {
            return false;
        }
        if (!Internals.UNSAFE.compareAndSetInt(virtual, Internals.STATE_OFFSET, state, to)) {
            return false;
        }
        scheduler(virtual).execute(continuation(virtual));
        return true;
    }

    /** Starts a virtual thread inside a container, see {@link #container}. */
    public static void start(Thread virtual, Container container) {
        Internals.JLA.start(virtual, container.inner);
    }

    /** Returns the platform thread that runs the caller: the carrier if the caller is virtual, else the caller itself. */
    public static Thread currentCarrier() {
        return Internals.JLA.currentCarrierThread();
    }

    /** Keeps the current virtual thread mounted until {@link #unpin}. Nests. */
    public static void pin() {
        Continuation.pin();
    }

    /** Ends a {@link #pin}. */
    public static void unpin() {
        Continuation.unpin();
    }

    /** Where the JDK books virtual threads, so that thread dumps list them together. */
    public static final class Container {
        private final ThreadContainer inner;

        private Container(ThreadContainer inner) {
            this.inner = inner;
        }
    }

    /** The threads of a container, for thread dumps. */
    @FunctionalInterface
    public interface Members {
        /** Returns the live threads. */
        Stream<Thread> threads();
    }

    /**
     * Makes a container that books nothing by itself: starting and ending a thread in it touches nothing shared. Thread
     * dumps of the JDK list it as long as it is reachable.
     *
     * @param name the container's name
     * @param members who lives
     * @return the container
     */
    public static Container container(String name, Members members) {
        return new Container(Internals.container(name, members));
    }

    /** Loaded late, so that a JVM without the flags gets the message of {@link #ensureAvailable}. */
    private static final class Internals {
        /** {@code Thread.NO_INHERIT_THREAD_LOCALS}. */
        static final int NO_INHERIT = 1 << 2;

        /** States of {@code java.lang.VirtualThread} of JDK 25. */
        static final int PARKING = 3;

        static final int TIMED_PARKING = 6;
        static final int UNPARKED = 9;
        static final int YIELDING = 10;
        static final int BLOCKING = 12;
        static final int UNBLOCKED = 14;
        static final int WAITING = 15;
        static final int TIMED_WAITING = 17;

        static final Unsafe UNSAFE = Unsafe.getUnsafe();
        static final JavaLangAccess JLA = SharedSecrets.getJavaLangAccess();
        static final MethodHandle NEW_THREAD;
        static final long CONTINUATION_OFFSET;
        static final long SCHEDULER_OFFSET;
        static final long STATE_OFFSET;
        static final long CAPTURED_THREAD_OFFSET;

        static {
            try {
                Class<?> type = Class.forName("java.lang.VirtualThread");
                MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(type, MethodHandles.lookup());
                NEW_THREAD = lookup.findConstructor(
                                type,
                                MethodType.methodType(
                                        void.class, Executor.class, String.class, int.class, Runnable.class))
                        .asType(MethodType.methodType(
                                Thread.class, Executor.class, String.class, int.class, Runnable.class));
                CONTINUATION_OFFSET = UNSAFE.objectFieldOffset(type, "runContinuation");
                SCHEDULER_OFFSET = UNSAFE.objectFieldOffset(type, "scheduler");
                STATE_OFFSET = UNSAFE.objectFieldOffset(type, "state");
                CAPTURED_THREAD_OFFSET = capturedThreadOffset(type);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        /** A continuation is {@code this::runContinuation}: an object with one field, the virtual thread. */
        private static long capturedThreadOffset(Class<?> type) throws NoSuchFieldException {
            Thread probe = Thread.ofVirtual().unstarted(() -> {});
            Object continuation = UNSAFE.getReference(probe, CONTINUATION_OFFSET);
            for (Field field : continuation.getClass().getDeclaredFields()) {
                if (field.getType() == type) {
                    return UNSAFE.objectFieldOffset(field);
                }
            }
            throw new NoSuchFieldException("no virtual thread captured in " + continuation.getClass());
        }

        static ThreadContainer container(String name, Members members) {
            ThreadContainer container = new ThreadContainer(true) {
                @Override
                public String name() {
                    return name;
                }

                @Override
                public Stream<Thread> threads() {
                    return members.threads();
                }
            };
            ThreadContainers.registerContainer(container); // by a weak reference: nobody has to take it out
            return container;
        }

        static void checkContinuationOfUnstartedThread() {
            Executor none = task -> {};
            Thread thread = newThread(none, "heddle-self-check", false, () -> {});
            check(thread.isVirtual(), "the new thread is virtual");
            check(scheduler(thread) == none, "its scheduler is the one given");
            check(threadOf(continuation(thread)) == thread, "its continuation leads back to it");
        }

        private static void check(boolean ok, String what) {
            if (!ok) {
                throw new IllegalStateException("self-check failed: " + what);
            }
        }
    }
}
