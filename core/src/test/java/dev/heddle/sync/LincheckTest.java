package dev.heddle.sync;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Every outcome of operations that overlap is one of an order of these operations: Lincheck runs random scenarios, again and
 * again, with threads and by model checking, and compares them with a sequential twin. For operations that do not wait;
 * those that do have an order that Lincheck does not know. {@code -Dheddle.lincheck.iterations} for more than the build can
 * afford.
 */
@Timeout(value = 2, unit = TimeUnit.HOURS)
class LincheckTest {
    private static final int ITERATIONS = Integer.getInteger("heddle.lincheck.iterations", 6);

    @Test
    void channelUnderStress() {
        stress(BufferedChan.class, SequentialChan.class);
    }

    @Test
    void channelUnderEverySwitch() {
        modelCheck(BufferedChan.class, SequentialChan.class);
    }

    @Test
    void selectUnderStress() {
        stress(TwoChans.class, SequentialTotal.class);
    }

    @Test
    void selectUnderEverySwitch() {
        modelCheck(TwoChans.class, SequentialTotal.class);
    }

    @Test
    void locksUnderStress() {
        stress(Locks.class, SequentialLocks.class);
    }

    @Test
    void locksUnderEverySwitch() {
        modelCheck(Locks.class, SequentialLocks.class);
    }

    /** Decides itself where one thread stops and another goes on, one place after the other. */
    private static void modelCheck(Class<?> type, Class<?> sequential) {
        new ModelCheckingOptions()
                .iterations(ITERATIONS)
                .invocationsPerIteration(500)
                .threads(2)
                .actorsPerThread(3)
                .sequentialSpecification(sequential)
                .check(type);
    }

    private static void stress(Class<?> type, Class<?> sequential) {
        new StressOptions()
                .iterations(ITERATIONS)
                .invocationsPerIteration(1_000)
                .threads(3)
                .actorsPerThread(3)
                .sequentialSpecification(sequential)
                .check(type);
    }

    /** A channel of capacity 4. */
    @Param(name = "value", gen = IntGen.class, conf = "1:5")
    public static class BufferedChan {
        private final Chan<Integer> c = new Chan<>(4);

        /** A send that does not wait. */
        @Operation
        public String trySend(@Param(name = "value") int value) {
            try {
                return c.trySend(value) ? "sent" : "full";
            } catch (ChanClosedException e) {
                return "closed";
            }
        }

        /** A receive that does not wait. */
        @Operation
        public String tryReceive() {
            try {
                Integer value = c.tryReceive();
                return value == null ? "empty" : value.toString();
            } catch (ChanClosedException e) {
                return "closed";
            }
        }

        /** A receive that is the only case of a select. */
        @Operation
        public String selectReceive() {
            var from = Select.receive(c);
            return Select.of(from).poll() < 0 ? "empty" : from.value() == null ? "closed" : from.value().toString();
        }

        /** Closes. */
        @Operation
        public String close() {
            try {
                c.close();
                return "ok";
            } catch (ChanClosedException e) {
                return "closed";
            }
        }
    }

    /** The same, one after the other. */
    @Param(name = "value", gen = IntGen.class, conf = "1:5")
    public static class SequentialChan {
        private final Deque<Integer> values = new ArrayDeque<>();
        private boolean closed;

        /** A send that does not wait. */
        public String trySend(int value) {
            if (closed) {
                return "closed";
            }
            return values.size() < 4 && values.add(value) ? "sent" : "full";
        }

        /** A receive that does not wait. */
        public String tryReceive() {
            return values.isEmpty() ? closed ? "closed" : "empty" : values.remove().toString();
        }

        /** A receive that is the only case of a select. */
        public String selectReceive() {
            return tryReceive();
        }

        /** Closes. */
        public String close() {
            boolean was = closed;
            closed = true;
            return was ? "closed" : "ok";
        }
    }

    /**
     * Two channels and selects on both. Which one is chosen is left to chance, but a select finds none ready only if at one
     * moment none is, so what the selects say depends on the number of values in both.
     */
    public static class TwoChans {
        private final Chan<Integer> a = new Chan<>(2);
        private final Chan<Integer> b = new Chan<>(2);

        /** To one of them. */
        @Operation
        public boolean sendToEither() {
            return Select.of(Select.send(a, 1), Select.send(b, 1)).poll() >= 0;
        }

        /** From one of them; the cases in the other order. */
        @Operation
        public boolean receiveFromEither() {
            return Select.of(Select.receive(b), Select.receive(a), Select.receive(b)).poll() >= 0;
        }
    }

    /** The same, one after the other. */
    public static class SequentialTotal {
        private int total;

        /** To one of them. */
        public boolean sendToEither() {
            return total < 4 && ++total > 0;
        }

        /** From one of them. */
        public boolean receiveFromEither() {
            return total > 0 && --total >= 0;
        }
    }

    /** Locks, by what does not wait. */
    public static class Locks {
        private final Mutex mutex = new Mutex();
        private final RWMutex rw = new RWMutex();
        private final Semaphore semaphore = new Semaphore(3);

        /** Locks the mutex. */
        @Operation
        public boolean tryLock() {
            return mutex.tryLock();
        }

        /** Unlocks the mutex if it is locked. */
        @Operation
        public boolean unlock() {
            return did(mutex::unlock);
        }

        /** Locks for reading. */
        @Operation
        public boolean tryReadLock() {
            return rw.tryReadLock();
        }

        /** Unlocks after reading. */
        @Operation
        public boolean readUnlock() {
            return did(rw::readUnlock);
        }

        /** Locks for writing. */
        @Operation
        public boolean tryWriteLock() {
            return rw.tryLock();
        }

        /** Unlocks after writing. */
        @Operation
        public boolean writeUnlock() {
            return did(rw::unlock);
        }

        /** Takes two of three units. */
        @Operation
        public boolean tryAcquire() {
            return semaphore.tryAcquire(2);
        }

        /** Gives one unit back. */
        @Operation
        public boolean release() {
            return did(semaphore::release);
        }

        private static boolean did(Runnable unlock) {
            try {
                unlock.run();
                return true;
            } catch (IllegalStateException e) {
                return false;
            }
        }
    }

    /** The same, one after the other. */
    public static class SequentialLocks {
        private boolean locked;
        private int readers;
        private boolean written;
        private int taken;

        /** Locks the mutex. */
        public boolean tryLock() {
            boolean can = !locked;
            locked = true;
            return can;
        }

        /** Unlocks the mutex. */
        public boolean unlock() {
            boolean can = locked;
            locked = false;
            return can;
        }

        /** Locks for reading. */
        public boolean tryReadLock() {
            return !written && ++readers > 0;
        }

        /** Unlocks after reading. */
        public boolean readUnlock() {
            return readers > 0 && --readers >= 0;
        }

        /** Locks for writing. */
        public boolean tryWriteLock() {
            boolean can = !written && readers == 0;
            written |= can;
            return can;
        }

        /** Unlocks after writing. */
        public boolean writeUnlock() {
            boolean can = written;
            written = false;
            return can;
        }

        /** Takes two of three units. */
        public boolean tryAcquire() {
            boolean can = taken <= 1;
            taken += can ? 2 : 0;
            return can;
        }

        /** Gives one unit back. */
        public boolean release() {
            return taken > 0 && --taken >= 0;
        }
    }
}
