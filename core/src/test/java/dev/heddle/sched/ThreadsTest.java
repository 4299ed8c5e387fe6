package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Ms: made when they are needed, not more than allowed, ended when there are too many. */
@Timeout(60)
class ThreadsTest {
    private static void block(AtomicInteger inside, AtomicInteger end, int number) {
        Syscall.callBlocking(() -> {
            inside.incrementAndGet();
            Busy.blockedUntil(() -> end.get() >= number);
            return null;
        });
    }

    @Test
    void noThreadIsMadeBeforeThereIsWork() throws Exception {
        try (Scheduler s = Started.procs(4)) {
            assertEquals(0, s.stats().threadsCreated());
            Started.call(s, () -> 1);
            assertTrue(s.stats().threadsCreated() >= 1);
        }
    }

    @Test
    void theSameThreadsServeAgainAndAgain() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            for (int i = 0; i < 500; i++) {
                Started.call(s, () -> 1);
                Quiet.afterEnd(s);
            }
            assertTrue(s.stats().threadsCreated() <= 3, s.stats().threadsCreated() + " threads for 2 Ps");
            assertTrue(s.stats().parks() > 0);
            assertTrue(s.stats().wakeups() > 0);
        }
    }

    @Test
    void eachBlockedCallHasAThreadOfItsOwn() {
        int calls = 30;
        try (Scheduler s = Started.procs(1)) {
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger end = new AtomicInteger();
            for (int i = 0; i < calls; i++) {
                s.go(() -> block(inside, end, 1));
            }
            Waiting.until(s, "all calls are made", () -> inside.get() == calls);
            assertTrue(s.stats().threads().syscall() == calls, s.stats().threads().toString());
            assertEquals(calls, s.stats().goroutines().syscall());
            end.set(1);
            Quiet.afterEnd(s);
            assertTrue(s.stats().threadsCreated() <= calls + 5, "few ahead: " + s.stats().threadsCreated());
        }
    }

    /** Too many spares: after the keep-alive all but twice as many as there are Ps end. */
    @Test
    void sparesEndAfterAWhile() {
        int calls = 20;
        try (Scheduler s = Started.with(1, config -> config.withSpareKeepAlive(Duration.ofMillis(30)))) {
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger end = new AtomicInteger();
            for (int i = 0; i < calls; i++) {
                s.go(() -> block(inside, end, 1));
            }
            Waiting.until(s, "all calls are made", () -> inside.get() == calls);
            end.set(1);
            Quiet.afterEnd(s);
            Waiting.until(s, "the spares have ended", () -> s.stats().threads().total() <= 2);
            AtomicBoolean ran = new AtomicBoolean();
            s.go(() -> ran.set(true));
            Waiting.until(s, "those left do the work", ran::get);
            Waiting.holds(s, "two stay", Duration.ofMillis(60), () -> s.stats().threads().total() == 2);
        }
    }

    /** Go's TestThreadExhaustion: where Go ends the process, calls wait until others have ended; goroutines do not. */
    @Test
    void atMaxThreadsCallsWaitAndGoroutinesRun() throws Exception {
        int calls = 6;
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = Started.with(1, config -> config.withMaxThreads(3))) {
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger end = new AtomicInteger();
            AtomicInteger done = new AtomicInteger();
            for (int i = 0; i < calls; i++) {
                s.go(() -> {
                    block(inside, end, 1);
                    done.incrementAndGet();
                });
            }
            Waiting.until(s, "all threads but one are blocked", () -> inside.get() == 2);
            Waiting.until(s, "the others wait", () -> s.sched().reserve.waiting() == calls - 2);
            for (int i = 0; i < 100; i++) {
                assertEquals(i, call(s, i));
            }
            assertEquals(2, inside.get());
            assertTrue(s.stats().threads().total() <= 3);
            assertTrue(s.goroutineDump().contains("[blocking call"), s.goroutineDump());
            end.set(1);
            Waiting.until(s, "all calls have ended", () -> done.get() == calls);
            Quiet.afterEnd(s);
            assertEquals(3, s.stats().threadsCreated());
            Waiting.until(s, "it is said", () -> log.messages(Level.WARN).stream().anyMatch(ThreadsTest::saysThatACallWaits));
            List<String> said = log.messages(Level.WARN); // beside it, that there is no thread for a P, if one was asked for
            assertEquals(1, said.stream().filter(ThreadsTest::saysThatACallWaits).count(), said::toString);
            assertTrue(said.size() <= 2 && said.stream().allMatch(each -> each.contains("maxThreads = 3")), said::toString);
        }
    }

    private static boolean saysThatACallWaits(String message) {
        return message.contains("waits to go into a blocking call");
    }

    private static int call(Scheduler s, int value) throws Exception {
        return Started.call(s, () -> value);
    }

    /** No thread but those that there are: one is left for the goroutines, and the system is left in peace. */
    @Test
    void whenTheSystemRefusesThreadsCallsWaitAndGoroutinesRun() throws Exception {
        int calls = 10;
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = Started.procs(2)) {
            AtomicInteger asked = new AtomicInteger();
            AtomicBoolean refuses = new AtomicBoolean(true);
            s.sched().threads.beforeStart = () -> {
                if (refuses.get() && s.sched().threads.count() > 4) {
                    asked.incrementAndGet();
                    throw new OutOfMemoryError("unable to create native thread: as if");
                }
            };
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger end = new AtomicInteger();
            for (int i = 0; i < calls; i++) {
                s.go(() -> block(inside, end, 1));
            }
            Waiting.until(s, "all threads but one are blocked", () -> inside.get() == 3);
            Waiting.until(s, "a thread was refused", () -> asked.get() > 0);
            long begin = System.nanoTime();
            int before = asked.get();
            while (System.nanoTime() - begin < 300_000_000) {
                assertEquals(5, call(s, 5));
            }
            assertEquals(3, inside.get());
            // 1 ms, 2, 4 and so on: 10 in a second
            assertTrue(asked.get() - before <= 10, asked + " times asked");
            assertEquals(asked.get(), s.stats().threadFailures());
            refuses.set(false);
            Waiting.until(s, "there are threads again", () -> inside.get() == calls);
            end.set(1);
            Quiet.afterEnd(s);
            assertEquals(1, log.messages(Level.WARN).stream().filter(text -> text.contains("refused")).count());
        }
    }

    /** 1,000 that want to block with 64 threads, while the number of Ps changes and some threads are locked. */
    @Test
    void manyMoreCallsThanThreadsGoThroughOneAfterTheOther() throws Exception {
        int calls = 1_000;
        try (LogCapture _ = LogCapture.quiet();
                Scheduler s = Started.with(2, config -> config.withMaxThreads(64))) {
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger most = new AtomicInteger();
            AtomicInteger done = new AtomicInteger();
            AtomicBoolean mayEnd = new AtomicBoolean();
            for (int i = 0; i < calls; i++) {
                boolean blocking = i % 2 == 0;
                boolean locked = i % 50 == 0;
                s.go(() -> {
                    if (locked) {
                        Goroutine.lockOSThread();
                    }
                    Syscall.Call<Void, RuntimeException> call = () -> {
                        most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                        Busy.blockedUntil(mayEnd::get);
                        inside.decrementAndGet();
                        return null;
                    };
                    if (blocking) {
                        Syscall.callBlocking(call);
                    } else {
                        Syscall.call(call);
                    }
                    if (locked) {
                        Goroutine.unlockOSThread();
                    }
                    done.incrementAndGet();
                });
            }
            Waiting.until(s, "calls wait", () -> s.sched().reserve.waiting() > 0 && inside.get() > 30);
            for (int i = 0; i < 20; i++) {
                assertEquals(i, call(s, i));
                s.gomaxprocs(1 + i % 4);
            }
            mayEnd.set(true);
            Waiting.until(s, "all have been inside", () -> done.get() == calls);
            assertTrue(most.get() < 64, most + " at once");
            Quiet.afterEnd(s);
        }
    }

    /** The lowest that is allowed: one call at a time, and both ways in. */
    @Test
    void withOneThreadMoreThanPsOneCallIsMadeAtATime() throws Exception {
        for (int procs = 1; procs <= 3; procs++) {
            int threads = procs + 1;
            try (LogCapture _ = LogCapture.quiet();
                    Scheduler s = Started.with(procs, config -> config.withMaxThreads(threads))) {
                AtomicInteger inside = new AtomicInteger();
                AtomicInteger wrong = new AtomicInteger();
                AtomicInteger done = new AtomicInteger();
                for (int i = 0; i < 100; i++) {
                    boolean blocking = i % 2 == 0;
                    s.go(() -> {
                        Syscall.Call<Void, RuntimeException> call = () -> {
                            wrong.addAndGet(inside.incrementAndGet() > 1 ? 1 : 0);
                            Busy.blockedNanos(100_000);
                            inside.decrementAndGet();
                            return null;
                        };
                        if (blocking) {
                            Syscall.callBlocking(call);
                        } else {
                            Syscall.call(call);
                        }
                        done.incrementAndGet();
                    });
                }
                Waiting.until(s, "all have been inside", () -> done.get() == 100);
                assertEquals(0, wrong.get(), "with others in a call");
                Quiet.afterEnd(s);
            }
        }
    }

    /** Whoever waits to go into a call when the scheduler ends is not let in, and holds up nobody. */
    @Test
    void goroutinesThatWaitForACallAtTheEndAreReported() {
        try (LogCapture _ = LogCapture.quiet();
                Scheduler s = Started.with(1, config -> config.withMaxThreads(2))) {
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger end = new AtomicInteger();
            for (int i = 0; i < 3; i++) {
                s.go(() -> block(inside, end, 1));
            }
            Waiting.until(s, "two wait", () -> inside.get() == 1 && s.sched().reserve.waiting() == 2);
            assertFalse(s.shutdown(Duration.ofMillis(20)));
            assertEquals(1, inside.get());
            end.set(1);
        }
    }

    /** All threads are inside calls that nobody declares, while sysmon sleeps; whoever comes back first does the work. */
    @Test
    void whoComesBackFirstDoesTheWorkThatWaited() {
        try (LogCapture _ = LogCapture.quiet();
                Scheduler s = Started.with(1, config -> config.withMaxThreads(2))) {
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger end = new AtomicInteger();
            AtomicInteger ran = new AtomicInteger();
            s.go(() -> sleepUndeclared(inside, end, 1));
            s.go(() -> sleepUndeclared(inside, end, 2));
            Waiting.until(s, "both threads sleep", () -> inside.get() == 2);
            for (int i = 0; i < 100; i++) {
                s.go(ran::incrementAndGet);
            }
            Waiting.holds(s, "nobody can run them", Duration.ofMillis(60), () -> ran.get() == 0);
            end.set(1);
            Waiting.until(s, "all have run", () -> ran.get() == 100);
            end.set(2);
            Quiet.afterEnd(s);
        }
    }

    /** Asleep in one go, as in a call into the kernel, until it is woken 5 ms after the end. */
    private static void sleepUndeclared(AtomicInteger inside, AtomicInteger end, int number) {
        inside.incrementAndGet();
        while (end.get() < number) {
            Busy.blockedNanos(5_000_000);
        }
    }

    /** The P is taken from hogs, but there is no thread for it: what stands in its ring must not stay there. */
    @Test
    void whatStandsBehindHogsAtMaxThreadsIsRunWhenTheyEnd() {
        try (LogCapture _ = LogCapture.quiet();
                Scheduler s = Started.with(1, config -> config.withMaxThreads(2))) {
            AtomicInteger hogs = new AtomicInteger();
            AtomicBoolean end = new AtomicBoolean();
            AtomicInteger ran = new AtomicInteger();
            s.go(() -> {
                s.go(() -> {
                    hogs.incrementAndGet();
                    for (int i = 0; i < 4; i++) {
                        s.go(ran::incrementAndGet);
                    }
                    Busy.until(end::get);
                });
                hogs.incrementAndGet();
                Busy.until(end::get);
            });
            Waiting.until(s, "both hogs run", () -> hogs.get() == 2);
            Waiting.holds(s, "both threads are taken", Duration.ofMillis(60), () -> ran.get() == 0);
            end.set(true);
            Waiting.until(s, "what stood behind them has run", () -> ran.get() == 4);
            Quiet.afterEnd(s);
        }
    }

    /** Sleepers and waiters whose time comes while every thread is inside a call that nobody declares. */
    @Test
    void timersAndWakeUpsAtMaxThreadsAreSeenWhenAThreadComesBack() {
        int each = 5;
        try (LogCapture _ = LogCapture.quiet();
                Scheduler s = Started.with(2, config -> config.withMaxThreads(3))) {
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger end = new AtomicInteger();
            AtomicInteger woken = new AtomicInteger();
            BinarySemaphore[] semaphores = new BinarySemaphore[each];
            for (int i = 0; i < each; i++) {
                BinarySemaphore semaphore = new BinarySemaphore();
                semaphores[i] = semaphore;
                s.go(() -> {
                    semaphore.acquire(WaitReason.SEMACQUIRE);
                    woken.incrementAndGet();
                });
                s.go(() -> {
                    new BinarySemaphore().acquire(WaitReason.SLEEP, 400_000_000);
                    woken.incrementAndGet();
                });
            }
            Waiting.until(s, "all wait", () -> s.stats().goroutines().waiting() == 2 * each);
            for (int i = 0; i < 3; i++) {
                s.go(() -> sleepUndeclared(inside, end, 1));
            }
            Waiting.until(s, "all threads sleep", () -> inside.get() == 3);
            int before = woken.get(); // on a slow machine the time of some is over already
            for (BinarySemaphore semaphore : semaphores) {
                semaphore.release();
            }
            Waiting.holds(s, "nobody can run them", Duration.ofMillis(450), () -> woken.get() == before);
            end.set(1);
            Waiting.until(s, "all have woken", () -> woken.get() == 2 * each);
            Quiet.afterEnd(s);
        }
    }

    /** The log waits for a goroutine that needs the P for which there was no thread: the P must be back by then. */
    @Test
    void aLogThatWaitsForAGoroutineKeepsNoP() {
        AtomicInteger ran = new AtomicInteger();
        try (LogCapture log = LogCapture.blockedUntil(() -> ran.get() == 1);
                Scheduler s = Started.with(1, config -> config.withMaxThreads(2))) {
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger end = new AtomicInteger();
            s.go(() -> sleepUndeclared(inside, end, 1));
            s.go(() -> sleepUndeclared(inside, end, 2));
            Waiting.until(s, "both threads sleep", () -> inside.get() == 2);
            s.go(ran::incrementAndGet);
            Waiting.until(s, "the log waits", () -> log.events().size() == 1);
            end.set(1);
            Waiting.until(s, "the goroutine runs", () -> ran.get() == 1);
            end.set(2);
            Quiet.afterEnd(s);
        }
    }

    @Test
    void threadsAreNamedDaemons() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            Thread m = Started.call(s, M::current);
            assertEquals(s.config().name() + "-m0", m.getName());
            assertTrue(m.isDaemon());
        }
    }

    /** As {@code ThreadGroup.interrupt} does, or a tool that ends a program: from then on no park would wait. */
    @Test
    void aStrangersInterruptDoesNotKeepThreadsAwake() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            s.schedtrace(Duration.ofSeconds(1_000), false, line -> {});
            BinarySemaphore end = new BinarySemaphore();
            Goroutine locked = s.go(() -> {
                Goroutine.lockOSThread();
                end.acquire(WaitReason.SEMACQUIRE);
            });
            Waiting.until(s, "it waits", () -> s.stats().threads().locked() == 1);
            Started.call(s, () -> 1);
            List<Thread> threads = Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().startsWith(s.config().name() + "-"))
                    .toList();
            assertTrue(threads.size() >= 5, threads.toString()); // two Ms, the template, sysmon, the printer
            threads.forEach(Thread::interrupt);
            Waiting.until(s, "the interrupts are gone", () -> threads.stream().noneMatch(Thread::isInterrupted));
            assertFalse(Started.call(s, () -> Thread.currentThread().isInterrupted()));
            end.release();
            locked.join();
        }
    }
}
