package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The global queue alone, and the share of it that a P takes. */
class GlobalQueueTest {
    @Test
    void firstInFirstOut() {
        GlobalQueue queue = new GlobalQueue();
        G[] all = Started.goroutines(Started.unstarted(1), 5);
        assertNull(queue.get());
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < all.length; i++) {
                queue.put(all[i]);
                assertEquals(i + 1, queue.size());
            }
            for (int i = 0; i < all.length; i++) {
                assertSame(all[i], queue.get());
                assertNull(all[i].schedlink, "what left the queue keeps nothing of it alive");
                assertEquals(all.length - 1 - i, queue.size());
            }
            assertNull(queue.get());
        }
    }

    /** Whose slice was over comes after all others, but not for ever. */
    @Test
    void thoseBehindComeLastButHaveTheirTurn() {
        GlobalQueue queue = new GlobalQueue();
        G[] all = Started.goroutines(Started.unstarted(1), 2 + 2 * GlobalQueue.TURN);
        queue.putBehind(all[0]);
        queue.putBehind(all[1]);
        for (int i = 2; i < all.length; i++) {
            queue.put(all[i]);
        }
        assertEquals(all.length, queue.size());
        int next = 2;
        for (int i = 1; i <= all.length; i++) {
            G expected = i % GlobalQueue.TURN == 0 ? all[i / GlobalQueue.TURN - 1] : all[next++];
            assertSame(expected, queue.get());
        }
        assertNull(queue.get());
        queue.putBehind(all[0]);
        assertSame(all[0], queue.get(), "at once if there is nobody else");
    }

    /** On a ring they would be before others that come there. */
    @Test
    void ofThoseBehindOneIsTakenAtATime() {
        GlobalQueue queue = new GlobalQueue();
        G[] all = Started.goroutines(Started.unstarted(1), 10);
        for (G g : all) {
            queue.putBehind(g);
        }
        assertEquals(1, queue.share(1));
        queue.put(queue.get());
        assertEquals(1, queue.share(1), "one that is before them, none of them");
    }

    /** Go's rule: size / procs + 1, at most all, at most half a ring. */
    @ParameterizedTest
    @CsvSource({"0,1,0", "1,1,1", "10,1,10", "1,4,1", "2,4,1", "10,4,3", "1000,1,128", "1000,4,128", "400,4,101"})
    void shareIsFair(int size, int procs, int share) {
        GlobalQueue queue = new GlobalQueue();
        for (G g : Started.goroutines(Started.unstarted(1), size)) {
            queue.put(g);
        }
        assertEquals(share, queue.share(procs));
    }

    @Test
    void isAsGoodAsNewWhenEmptied() {
        G[] all = Started.goroutines(Started.unstarted(1), 3);
        GlobalQueue queue = new GlobalQueue();
        for (G g : all) {
            queue.put(g);
            assertSame(g, queue.get());
            assertNull(queue.get());
        }
        queue.put(all[2]);
        queue.put(all[0]);
        assertSame(all[2], queue.get());
        queue.put(all[1]);
        assertSame(all[0], queue.get());
        assertSame(all[1], queue.get());
        assertEquals(0, queue.size());
    }

    @Test
    void theShareGoesToTheRingAndItsFirstIsReturned() {
        Sched sched = Started.unstarted(2);
        P p = sched.procs[0];
        G[] all = Started.goroutines(sched, 10);
        for (G g : all) {
            sched.globrunqput(g, false);
        }
        assertSame(all[0], sched.globrunqget(p, 0));
        assertEquals(5, p.runq.size());
        assertEquals(4, sched.global.size());
        for (int i = 1; i <= 5; i++) {
            assertSame(all[i], p.runq.get());
        }
        assertSame(all[6], sched.globrunqget(p, 1));
        assertEquals(0, p.runq.size());
        assertEquals(3, sched.global.size());
    }

    @Test
    void theShareNeverOverflowsTheRing() {
        Sched sched = Started.unstarted(1);
        P p = sched.procs[0];
        for (G g : Started.goroutines(sched, RunQueue.CAPACITY - 3)) {
            p.runqput(g, false);
        }
        for (G g : Started.goroutines(sched, 50)) {
            sched.globrunqput(g, false);
        }
        sched.globrunqget(p, 0);
        assertEquals(RunQueue.CAPACITY, p.runq.size());
        assertEquals(46, sched.global.size());
        assertEquals(0, p.overflows);
        sched.globrunqget(p, 0);
        assertEquals(45, sched.global.size(), "a full ring still gets one to run");
    }
}
