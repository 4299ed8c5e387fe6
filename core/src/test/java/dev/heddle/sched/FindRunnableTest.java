package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where an M looks for work, in which order, and what it leaves behind: step by step, without threads. */
@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // broken code may look for ever
class FindRunnableTest {
    private final Sched sched = Started.unstarted(4);
    private final G[] g = Started.goroutines(sched, 5);

    /** An M that has the next idle P. */
    private M working() {
        M m = new M(sched, 0, null);
        m.acquirep(sched.idle.pidleget());
        m.p.schedtick = 1; // 0 would look at the global queue first
        return m;
    }

    private G find(M m) {
        return sched.findRunnable.find(m);
    }

    @Test
    void runnextThenRingThenInboxThenGlobalQueueThenOthers() {
        M m = working();
        M other = working();
        m.p.runqput(g[1], false);
        m.p.runqput(g[0], true);
        m.p.inboxPut(g[2]);
        sched.globrunqput(g[3], false);
        other.p.runqput(g[4], false);
        for (G expected : g) {
            assertSame(expected, find(m));
        }
    }

    @Test
    void eachSixtyFirstSliceTheGlobalQueueComesFirst() {
        M m = working();
        m.p.runqput(g[0], true);
        sched.globrunqput(g[1], false);
        sched.globrunqput(g[2], false);
        m.p.schedtick = 61;
        assertSame(g[1], find(m), "one, not its share");
        m.p.schedtick = 62;
        assertSame(g[0], find(m));
        assertSame(g[2], find(m));
    }

    @Test
    void onlyRunnextInheritsTheSlice() {
        M m = working();
        m.p.runqput(g[0], true);
        m.p.runqput(g[1], false);
        find(m);
        assertTrue(m.findInherits);
        find(m);
        assertFalse(m.findInherits);
    }

    @Test
    void whenTheSliceIsOverRunnextGoesBehindTheRing() {
        M m = working();
        m.p.runqput(g[0], true);
        m.p.runqput(g[1], false);
        m.p.preempt = true;
        assertSame(g[1], find(m));
        assertSame(g[0], find(m));
        assertFalse(m.findInherits);
    }

    @Test
    void timersThatAreDueComeBeforeEverything() {
        M m = working();
        m.p.runqput(g[1], false);
        m.p.timers.add(new Timer(_ -> m.p.runqput(g[0], true), null), 1);
        assertSame(g[0], find(m));
        assertSame(g[1], find(m));
    }

    @Test
    void whoFindsNothingGivesItsPUp() {
        M m = working();
        P p = m.p;
        assertNull(find(m));
        assertNull(m.p);
        assertEquals(PState.IDLE, p.status());
        assertEquals(4, sched.idle.npidle());
        assertEquals(0, sched.idle.nmspinning());
        assertEquals(List.of(), Quiet.complaints(sched));
    }

    /** A spinner that finds work is none any more, and sees to it that there is another one. */
    @Test
    void whoFindsWorkElsewhereWakesTheNext() {
        M m = working();
        M other = working();
        other.p.runqput(g[0], false);
        other.p.runqput(g[1], false);
        assertSame(g[0], find(m));
        assertEquals(PState.SCHED, m.p.status());
        assertEquals(1, sched.idle.nmspinning(), "the one that was woken");
        assertEquals(1, sched.idle.npidle());
        assertEquals(PState.SPINNING, sched.procs[2].status());
    }

    /** While half of the busy Ps search already, one more gives its P up without a search. */
    @Test
    void whoMayNotSearchDoesNotSteal() {
        M m = working();
        M other = working();
        other.p.runqput(g[0], false);
        sched.idle.becomeSpinning(other); // 1 of 2
        assertNull(find(m));
        assertNull(m.p);
        assertEquals(0, m.sched.procs[0].spins);
    }

    /** A submitter found no idle P and nobody searching, just before this one gives its P up (golang/go#45867). */
    @Test
    void whoeverIsAboutToGiveUpSeesThatSomebodyIsNeeded() {
        M m = working();
        M first = working();
        M second = working();
        M busy = working();
        sched.idle.becomeSpinning(first);
        sched.idle.becomeSpinning(second); // 2 of 4: this one will not search
        busy.p.runqput(g[0], false);
        sched.lock.lock();
        assertNull(sched.idle.getSpinning());
        sched.lock.unlock();
        assertSame(g[0], find(m));
    }

    /** Work that comes after the search, before the P is given up: the submitter saw somebody searching and left it so. */
    @Test
    void whoGivesUpLooksAgain() {
        M m = working();
        P p = m.p;
        M other = working();
        other.p.timers.add(
                new Timer(
                        _ -> { // in the last pass, when nobody looks at this P any more
                            p.inboxPut(g[0]);
                            sched.idle.wakep();
                        },
                        null),
                1);
        assertSame(g[0], find(m));
    }

    /** The last pass fires the timers of others and takes what they have readied. */
    @Test
    void theLastPassFiresTimers() {
        M m = working();
        M other = working();
        other.p.timers.add(new Timer(_ -> m.p.runqput(g[0], true), null), 1);
        assertSame(g[0], find(m));
        assertEquals(0, other.p.timers.size());
    }

    /** Half of a ring, and the steal is booked on the thief. */
    @Test
    void halfOfARingIsStolen() {
        M m = working();
        M other = working();
        for (G each : g) {
            other.p.runqput(each, false);
        }
        assertSame(g[2], find(m), "the newest of the older three");
        assertEquals(2, m.p.runq.size());
        assertEquals(2, other.p.runq.size());
        assertEquals(1, m.p.steals);
        assertEquals(3, m.p.stolen);
    }

    @Test
    void aPWithoutAnMIsNotRobbedOfItsRingButOfItsInbox() {
        M m = working();
        sched.procs[2].inboxPut(g[0]);
        assertEquals(PState.IDLE, sched.procs[2].status());
        assertSame(g[0], find(m));
    }

    @Test
    void whoIsToStopGivesNothingBack() {
        M m = working();
        sched.stopping = true;
        assertNull(find(m));
        assertNull(m.p);
        assertEquals(3, sched.idle.npidle(), "it is handed to nobody any more");
    }
}
