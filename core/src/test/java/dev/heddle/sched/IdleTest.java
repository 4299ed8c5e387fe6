package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Who is woken when there is work, step by step: no threads here. */
class IdleTest {
    private final Sched sched = Started.unstarted(4);
    private final Idle idle = sched.idle;

    private P take() {
        return idle.pidleget();
    }

    @Test
    void theLowestPIsTakenFirstAndTheLastOneUsedAgain() {
        assertEquals(4, idle.npidle());
        P first = take();
        assertEquals(0, first.id);
        assertEquals(PState.SCHED, first.status());
        P second = take();
        assertEquals(1, second.id);
        give(first);
        assertEquals(PState.IDLE, first.status());
        assertSame(first, take());
        take();
        take();
        assertNull(take());
        assertEquals(0, idle.npidle());
    }

    private void give(P p) {
        sched.lock.lock();
        idle.put(p);
        sched.lock.unlock();
    }

    @Test
    void everyChangeOfHandsIsAnotherEpoch() {
        P p = take();
        long taken = p.word();
        give(p);
        long given = p.word();
        take();
        assertEquals(3, List.of(taken >>> 32, given >>> 32, p.word() >>> 32).stream().distinct().count());
    }

    @Test
    void wakepTakesOnePAndMakesItSpin() {
        idle.wakep();
        assertEquals(1, idle.nmspinning());
        assertEquals(3, idle.npidle());
        assertEquals(PState.SPINNING, sched.procs[0].status());
    }

    @Test
    void wakepLeavesItAtOneSpinner() {
        idle.wakep();
        idle.wakep();
        assertEquals(1, idle.nmspinning());
        assertEquals(3, idle.npidle());
    }

    /** A submitter that finds no idle P leaves word for whoever is about to release one (golang/go#45867). */
    @Test
    void wakepWithoutIdlePLeavesWord() {
        for (int i = 0; i < 4; i++) {
            take();
        }
        assertFalse(idle.needspinning());
        idle.wakep();
        assertTrue(idle.needspinning());
        assertEquals(0, idle.nmspinning());
    }

    @Test
    void whoeverBeginsToSpinTakesTheWord() {
        P p = take();
        for (int i = 0; i < 3; i++) {
            take();
        }
        idle.wakep();
        assertTrue(idle.trySpin(p));
        assertFalse(idle.needspinning());
        assertEquals(PState.SPINNING, p.status());
        assertFalse(idle.trySpin(sched.procs[1]), "one at a time");
        assertEquals(1, idle.nmspinning());
    }

    /** Who spins because of the word that was left takes it away, or everybody after it would spin as well. */
    @Test
    void becomingASpinnerTakesTheWord() {
        M m = new M(sched, 0, null);
        m.acquirep(take());
        for (int i = 0; i < 3; i++) {
            take();
        }
        idle.wakep();
        assertTrue(idle.needspinning());
        idle.becomeSpinning(m);
        assertFalse(idle.needspinning());
        assertTrue(m.isSpinning());
        assertEquals(1, idle.nmspinning());
    }

    /** Step 9 of findRunnable: at most half of the busy Ps spin. */
    @Test
    void atMostHalfOfTheBusyPsSpin() {
        assertFalse(idle.maySpin(), "no P is busy");
        P first = take();
        assertTrue(idle.maySpin(), "0 of 1");
        assertTrue(idle.trySpin(first));
        assertFalse(idle.maySpin(), "1 of 1");
        take();
        assertFalse(idle.maySpin(), "1 of 2");
        take();
        assertTrue(idle.maySpin(), "1 of 3");
        idle.stopSpinning();
        assertEquals(0, idle.nmspinning());
    }

    /** A P for which no thread can be had: its work must be where others find it, and its spinning must be undone. */
    @Test
    void anAbandonedPLeavesNothingBehind() {
        idle.wakep();
        P p = sched.procs[0];
        G[] all = Started.goroutines(sched, 4);
        p.runqput(all[0], false);
        p.runqput(all[1], true);
        p.inboxPut(all[2]);
        p.inboxPut(all[3]);
        idle.abandon(p);
        assertEquals(0, idle.nmspinning());
        assertEquals(4, idle.npidle());
        assertEquals(PState.IDLE, p.status());
        assertTrue(p.isEmpty());
        assertEquals(4, sched.global.size());
        assertEquals(List.of(), Quiet.torn(sched));
    }

    @Test
    void anAbandonedRingWithoutRunnextIsMovedToo() {
        P p = take();
        G[] all = Started.goroutines(sched, 3);
        for (G g : all) {
            p.runqput(g, false);
        }
        idle.abandon(p);
        assertTrue(p.isEmpty());
        assertEquals(4, idle.npidle());
        for (G g : all) {
            assertSame(g, sched.global.get());
        }
    }

    @Test
    void theInboxKeepsTheOrder() {
        P p = take();
        G[] all = Started.goroutines(sched, 3);
        assertTrue(p.isEmpty());
        for (G g : all) {
            p.inboxPut(g);
            assertFalse(p.isEmpty());
        }
        assertEquals(3, p.depth());
        p.runqputAll(p.inboxTake());
        assertNull(p.inboxTake());
        for (G g : all) {
            assertSame(g, p.runq.get());
            assertNull(g.schedlink);
        }
    }

    /** Handing off: whatever findRunnable would find on the P starts an M for it, else it becomes idle. */
    @Test
    void aPWithWorkIsHandedToAnMAndOneWithoutBecomesIdle() {
        P withRing = take();
        P withInbox = take();
        P without = take();
        P last = take();
        withRing.runqput(Started.goroutines(sched, 1)[0], false);
        withInbox.inboxPut(Started.goroutines(sched, 1)[0]);
        sched.handoff.handoffp(withRing);
        assertEquals(PState.SCHED, withRing.status());
        sched.handoff.handoffp(withInbox);
        assertEquals(PState.SCHED, withInbox.status());
        assertEquals(0, idle.npidle());

        sched.handoff.handoffp(without);
        assertEquals(PState.SPINNING, without.status(), "nobody looks for work: one hunter stays");
        assertEquals(1, idle.nmspinning());
        sched.handoff.handoffp(last);
        assertEquals(PState.IDLE, last.status());
        assertEquals(1, idle.npidle());
    }

    @Test
    void aPIsHandedOnWhenTheGlobalQueueOrASubmitterWaits() {
        P first = take();
        P second = take();
        take();
        take();
        sched.globrunqput(Started.goroutines(sched, 1)[0], false);
        sched.handoff.handoffp(first);
        assertEquals(PState.SCHED, first.status());

        assertNotNull(sched.globrunqget(second, 1));
        idle.wakep(); // finds no idle P
        assertTrue(idle.needspinning());
        sched.handoff.handoffp(second);
        assertEquals(PState.SPINNING, second.status());
        assertFalse(idle.needspinning());
    }

    /** gomaxprocs has been lowered to 2: what the others had is everybody's, and those that stay keep their order. */
    @Test
    void surplusPsThatAreIdleDie() {
        G[] gs = Started.goroutines(sched, 3);
        sched.procs[1].inboxPut(gs[0]);
        sched.procs[2].inboxPut(gs[1]);
        sched.procs[3].runqput(gs[2], true);
        sched.lock.lock();
        sched.gomaxprocs = 2;
        idle.removeSurplus();
        assertEquals(2, idle.count());
        sched.lock.unlock();
        assertEquals(2, idle.npidle());
        assertEquals(PState.DEAD, sched.procs[2].status());
        assertEquals(PState.DEAD, sched.procs[3].status());
        assertEquals(2, sched.global.size());
        assertEquals(0, take().id);
        assertEquals(1, take().id);
        assertNull(take());
    }

    /** A P whose number is gone since it was taken. */
    @Test
    void aSurplusPThatComesBackDies() {
        take();
        P p = take();
        p.inboxPut(Started.goroutines(sched, 1)[0]);
        sched.gomaxprocs = 1;
        give(p);
        assertEquals(PState.DEAD, p.status());
        assertEquals(1, sched.global.size());
        assertEquals(2, idle.count());
    }
}
