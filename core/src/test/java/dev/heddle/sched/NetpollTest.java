package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When the scheduler polls, who blocks in the poll, and what becomes of the goroutines that a poll finds. */
@Timeout(60)
class NetpollTest {
    /** A poller whose events the tests make. */
    private static final class Events implements Poller {
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition changed = lock.newCondition();
        private final ConcurrentLinkedQueue<BinarySemaphore> happened = new ConcurrentLinkedQueue<>();
        final AtomicInteger waiters = new AtomicInteger();
        final AtomicInteger blocked = new AtomicInteger();
        final AtomicInteger mostBlocked = new AtomicInteger();
        final AtomicInteger polls = new AtomicInteger();
        final AtomicInteger handedOver = new AtomicInteger();
        private boolean broken;
        volatile boolean failing;

        /** What a goroutine does to wait for an event. */
        void await(BinarySemaphore event) {
            waiters.incrementAndGet();
            event.acquire(WaitReason.IO_WAIT);
            waiters.decrementAndGet();
        }

        void happens(BinarySemaphore event) {
            happened.add(event);
            signal(false);
        }

        private void signal(boolean broke) {
            lock.lock();
            try {
                broken |= broke;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public int poll(long delayNanos, Ready ready) {
            polls.incrementAndGet();
            if (failing) {
                throw new IllegalStateException("poll fails");
            }
            if (delayNanos != 0) {
                block(delayNanos);
            }
            int found = 0;
            for (BinarySemaphore event = happened.poll(); event != null; event = happened.poll()) {
                Goroutine g = event.unblock();
                if (g != null) {
                    ready.ready(g);
                    found++;
                }
            }
            handedOver.addAndGet(found);
            return found;
        }

        private void block(long delayNanos) {
            mostBlocked.accumulateAndGet(blocked.incrementAndGet(), Math::max);
            lock.lock();
            try {
                long left = delayNanos < 0 ? Long.MAX_VALUE : delayNanos;
                while (!broken && happened.isEmpty() && left > 0) {
                    left = changed.awaitNanos(left);
                }
                broken = false;
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            } finally {
                lock.unlock();
                blocked.decrementAndGet();
            }
        }

        @Override
        public void wakeup() {
            signal(true);
        }

        @Override
        public boolean hasWaiters() {
            return waiters.get() > 0;
        }
    }

    private final Events events = new Events();

    /** Go's TestNetpollDeadlock: as long as somebody waits for an event there is no deadlock, whatever the others do. */
    @Test
    void netpollDeadlock() {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = Started.with(2, config -> config.withReportDeadlock(true))) {
            s.netpollinit(events);
            BinarySemaphore event = new BinarySemaphore();
            BinarySemaphore never = new BinarySemaphore();
            Goroutine waiting = s.go(() -> events.await(event));
            s.go(() -> never.acquire(WaitReason.SELECT));
            Waiting.until(s, "one waits for an event", () -> waiting.waitReason() == WaitReason.IO_WAIT);
            Waiting.until(s, "sysmon has looked, and sleeps", () -> s.sched().sysmon.isDeep());
            assertEquals(0, s.sched().deadlock.reports());
            events.happens(event);
            Waiting.until(s, "now it is one", () -> s.sched().deadlock.reports() == 1);
            Waiting.until(s, "it is reported", () -> !log.messages(Level.ERROR).isEmpty());
            assertTrue(log.messages(Level.ERROR).getFirst().contains("[select]"));
            never.release();
            Quiet.afterEnd(s);
        }
    }

    private Scheduler scheduler(int procs) {
        Scheduler s = Started.procs(procs);
        s.netpollinit(events);
        return s;
    }

    @Test
    void oneIdleThreadBlocksInThePollAndRunsWhatItFinds() {
        try (Scheduler s = scheduler(2)) {
            BinarySemaphore event = new BinarySemaphore();
            AtomicInteger seen = new AtomicInteger();
            s.go(() -> {
                for (int i = 0; i < 1_000; i++) {
                    events.await(event);
                    seen.incrementAndGet();
                }
            });
            for (int i = 1; i <= 1_000; i++) {
                int round = i;
                Waiting.until(s, "it waits", () -> events.waiters.get() == 1);
                events.happens(event);
                Waiting.until(s, "it has seen the event", () -> seen.get() == round);
            }
            Quiet.afterEnd(s);
            assertEquals(1, events.mostBlocked.get());
            assertTrue(s.stats().netpolls().blocking() > 0);
        }
    }

    @Test
    void theThreadInThePollIsCountedAndHoldsNoP() {
        try (Scheduler s = scheduler(2)) {
            BinarySemaphore event = new BinarySemaphore();
            Goroutine g = s.go(() -> events.await(event));
            Waiting.until(s, "one thread blocks in the poll", () -> s.stats().threads().netpoll() == 1);
            Quiet.atRest(s);
            assertEquals(WaitReason.IO_WAIT, g.waitReason());
            events.happens(event);
            Quiet.afterEnd(s);
        }
    }

    /** Many waiters, many events, several Ps: at most one thread blocks, and every event arrives once. */
    @Test
    void manyEventsArriveOnceEach() {
        int goroutines = 50;
        int rounds = 300;
        try (LogCapture log = LogCapture.watch();
                Scheduler s = scheduler(4)) {
            AtomicInteger seen = new AtomicInteger();
            ConcurrentLinkedQueue<BinarySemaphore> asked = new ConcurrentLinkedQueue<>();
            AtomicBoolean over = new AtomicBoolean();
            Thread network = Thread.ofPlatform().start(() -> {
                while (!over.get()) {
                    BinarySemaphore event = asked.poll();
                    if (event == null) {
                        Thread.onSpinWait();
                    } else {
                        events.happens(event);
                    }
                }
            });
            for (int i = 0; i < goroutines; i++) {
                s.go(() -> {
                    BinarySemaphore event = new BinarySemaphore();
                    for (int k = 0; k < rounds; k++) {
                        asked.add(event);
                        events.await(event);
                        seen.incrementAndGet();
                    }
                });
            }
            Waiting.until(s, "all events were seen", () -> seen.get() == goroutines * rounds);
            over.set(true);
            assertTrue(network.join(Waiting.LIMIT));
            Quiet.afterEnd(s);
            assertTrue(events.mostBlocked.get() <= 1, events.mostBlocked + " threads in the poll");
            log.assertNoErrors();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Every P computes and cannot be taken. The first event gets the thread out of the poll; then only sysmon polls. */
    @Test
    void sysmonPollsWhileAllPsCompute() {
        try (Scheduler s = Started.unhurried(1)) {
            s.netpollinit(events);
            BinarySemaphore first = new BinarySemaphore();
            BinarySemaphore second = new BinarySemaphore();
            AtomicInteger seen = new AtomicInteger();
            for (BinarySemaphore event : new BinarySemaphore[] {first, second}) {
                s.go(() -> {
                    events.await(event);
                    seen.incrementAndGet();
                });
            }
            Waiting.until(s, "both wait", () -> s.stats().goroutines().waiting() == 2);
            s.go(() -> {
                events.happens(first);
                Busy.until(() -> events.handedOver.get() == 1 && events.blocked.get() == 0);
                events.happens(second);
                Busy.until(() -> events.handedOver.get() == 2);
            });
            Waiting.until(s, "the events were seen", () -> seen.get() == 2);
            assertTrue(s.stats().netpolls().sysmon() >= 1);
            Quiet.afterEnd(s);
        }
    }

    /** A busy ring does not keep the network from being polled: each 61st slice looks. */
    @Test
    void aBusyRingIsPolledNowAndThen() {
        try (Scheduler s = scheduler(1)) {
            BinarySemaphore event = new BinarySemaphore();
            AtomicBoolean seen = new AtomicBoolean();
            s.go(() -> {
                events.await(event);
                seen.set(true);
            });
            Waiting.until(s, "it waits", () -> events.waiters.get() == 1);
            for (int i = 0; i < 2; i++) {
                s.go(() -> {
                    while (!seen.get()) {
                        Goroutine.goyield();
                    }
                });
            }
            events.happens(event);
            Waiting.until(s, "the event was seen", seen::get);
            Quiet.afterEnd(s);
        }
    }

    /** Go's TestNetpollBreak: a timer that is set while a thread blocks in the poll for longer. */
    @Test
    void anEarlierTimerBreaksThePoll() {
        try (Scheduler s = scheduler(2)) {
            BinarySemaphore never = new BinarySemaphore();
            Goroutine waiter = s.go(() -> events.await(never));
            Waiting.until(s, "one thread blocks in the poll", () -> events.blocked.get() == 1);
            for (int i = 0; i < 20; i++) {
                Goroutine sleeper = s.go(() -> {
                    try {
                        Goroutine.sleep(Duration.ofMillis(2));
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                });
                Waiting.until(s, "the sleeper wakes", () -> sleeper.state() == Goroutine.State.DEAD);
            }
            events.happens(never);
            Waiting.until(s, "the waiter is through", () -> waiter.state() == Goroutine.State.DEAD);
            Quiet.afterEnd(s);
        }
    }

    /** Work from outside while the only free thread blocks in the poll. */
    @Test
    void workFromOutsideIsRunThoughAThreadIsInThePoll() {
        try (Scheduler s = scheduler(1)) {
            BinarySemaphore never = new BinarySemaphore();
            s.go(() -> events.await(never));
            for (int i = 0; i < 100; i++) {
                Waiting.until(s, "a thread blocks in the poll", () -> events.blocked.get() == 1);
                AtomicBoolean ran = new AtomicBoolean();
                s.go(() -> ran.set(true));
                Waiting.until(s, "it runs", ran::get);
            }
            events.happens(never);
            Quiet.afterEnd(s);
        }
    }

    /** No thread is to be had, and the only one that is free sleeps in the poll: it must come and run what waits. */
    @Test
    void atMaxThreadsTheThreadInThePollRunsWhatIsQueued() {
        try (LogCapture _ = LogCapture.quiet();
                Scheduler s = Started.with(1, config -> config.withMaxThreads(2))) {
            s.netpollinit(events);
            BinarySemaphore event = new BinarySemaphore();
            AtomicBoolean ran = new AtomicBoolean();
            s.go(() -> events.await(event));
            Waiting.until(s, "a thread blocks in the poll", () -> events.blocked.get() == 1);
            s.go(() -> Syscall.callBlocking(() -> {
                s.go(() -> ran.set(true));
                Busy.blockedUntil(ran::get);
                return null;
            }));
            Waiting.until(s, "it has run", ran::get);
            events.happens(event);
            Quiet.afterEnd(s);
        }
    }

    @Test
    void withoutWaitersNobodyPolls() throws Exception {
        try (Scheduler s = scheduler(2)) {
            for (int i = 0; i < 200; i++) {
                Started.call(s, () -> 1);
            }
            Quiet.afterEnd(s);
            assertEquals(0, events.polls.get());
        }
    }

    @Test
    void thereIsOnePollerOnly() {
        try (Scheduler s = scheduler(1)) {
            IllegalStateException e =
                    assertThrows(IllegalStateException.class, () -> s.netpollinit(new Events()));
            assertEquals("scheduler " + s.config().name() + " has a netpoller already", e.getMessage());
        }
    }

    /** An end while a thread blocks in the poll for ever. */
    @Test
    void shutdownBreaksThePoll() {
        Scheduler s = scheduler(1);
        BinarySemaphore never = new BinarySemaphore();
        s.goSystem("poller", () -> events.await(never));
        Waiting.until(s, "a thread blocks in the poll", () -> events.blocked.get() == 1);
        assertTrue(s.shutdown(Duration.ofSeconds(10)));
        assertEquals(0, s.stats().threads().total());
    }

    /** A poller that throws costs no P, no goroutine and not the next poll. */
    @Test
    void aPollThatThrowsIsNotTheLast() {
        try (LogCapture _ = LogCapture.quiet();
                Scheduler s = scheduler(2)) {
            BinarySemaphore event = new BinarySemaphore();
            AtomicInteger seen = new AtomicInteger();
            s.go(() -> {
                for (int i = 0; i < 20; i++) {
                    events.await(event);
                    seen.incrementAndGet();
                }
            });
            for (int i = 1; i <= 20; i++) {
                int round = i;
                Waiting.until(s, "it waits", () -> events.waiters.get() == 1);
                int before = events.polls.get();
                events.failing = true;
                events.wakeup();
                s.go(() -> {});
                Waiting.until(s, "a poll has failed", () -> events.polls.get() > before);
                events.failing = false;
                events.happens(event);
                AtomicBoolean ran = new AtomicBoolean();
                s.go(() -> ran.set(true));
                Waiting.until(s, "others run", ran::get);
                Waiting.until(s, "the event was seen", () -> seen.get() == round);
            }
            Quiet.afterEnd(s);
        }
    }
}
