package dev.heddle.sync;

import java.time.Duration;

/**
 * Goes once through everything that primitives do while others wait. What the JVM does when it comes to a line for the first
 * time (it links the call of a {@code VarHandle}, say) takes far more stack than the line itself, and where a goroutine's
 * stack ends there would not be enough, in the middle of a section. Being loaded is all that this class is for; the
 * scheduler does that before it starts.
 */
final class Rehearsal {
    private static final Duration NO_TIME = Duration.ofNanos(1);

    static {
        channels();
        select();
        mutex();
        rwmutex(new RWMutex());
        others();
    }

    private Rehearsal() {}

    private static void channels() {
        for (int cap = 0; cap <= 1; cap++) {
            Chan<Integer> c = new Chan<>(cap);
            c.recvq.enqueue(new Sudog());
            c.trySend(1);
            c.trySend(1);
            Sudog sender = new Sudog();
            sender.elem = 1;
            c.sendq.enqueue(sender);
            c.tryReceive();
            c.tryReceive();
            c.receive(NO_TIME);
            c.send(1, NO_TIME);
            c.send(1, NO_TIME);
            c.sendq.enqueue(new Sudog());
            c.close();
            c.receiveOrNull();
            c.receiveOrNull();
        }
    }

    private static void select() {
        Chan<Integer> a = new Chan<>();
        Chan<Integer> b = new Chan<>();
        Select select = Select.of(Select.receive(a), Select.send(b, 1));
        select.poll();
        select.await(NO_TIME);
        select.enqueueAll();
        a.trySend(1);
        select.waitForOne(Long.MAX_VALUE);
        select.enqueueAll();
        b.tryReceive();
        select.waitForOne(Long.MAX_VALUE);
        select.enqueueAll();
        a.close();
        select.waitForOne(Long.MAX_VALUE);
        select.await();
    }

    private static void mutex() {
        for (int i = 0; i < 2; i++) {
            boolean starving = i == 1;
            Mutex m = new Mutex();
            m.lock();
            m.tryLock(NO_TIME);
            Sudog first = new Sudog();
            m.takeOrEnqueue(first, false, false);
            m.takeOrEnqueue(new Sudog(), true, starving);
            m.unlock(); // to the second, who is in front, or wakes it
            m.giveUp(new Sudog());
            if (m.isLocked()) {
                m.unlock();
            }
        }
    }

    private static void rwmutex(RWMutex m) {
        m.readLock();
        m.tryLock(NO_TIME);
        Sudog writer = new Sudog();
        m.takeOrEnqueue(writer, false);
        m.tryReadLock(NO_TIME);
        m.takeOrEnqueue(new Sudog(), true);
        m.readUnlock();
        m.giveUp(writer, m.writers);
        m.unlock();
        m.readUnlock();
        m.lock();
        m.unlock();
    }

    private static void others() {
        WaitGroup wg = new WaitGroup();
        wg.add(1);
        wg.await(NO_TIME);
        wg.enqueue(new Sudog());
        wg.done();
        Semaphore s = new Semaphore(1);
        s.acquire();
        s.tryAcquire(1, NO_TIME);
        s.takeOrEnqueue(1, new Sudog());
        s.release();
        Mutex m = new Mutex();
        Cond c = new Cond(m);
        m.lock();
        c.await(NO_TIME);
        c.enqueue(new Sudog());
        c.signal();
        c.enqueue(new Sudog());
        c.broadcast();
        m.unlock();
        new Once().run(() -> {});
    }
}
