package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The arithmetic of the state word. */
class PStateTest {
    private static final int[] STATUSES = {
        PState.IDLE, PState.SCHED, PState.SPINNING, PState.RUNNING, PState.SYSCALL
    };

    @Test
    void statusesHaveNames() {
        String[] names = {"idle", "sched", "spinning", "running", "syscall"};
        for (int status : STATUSES) {
            assertEquals(names[status], PState.name(PState.with(-1L << 4, status)));
        }
    }

    @Test
    void aSliceIsTheSameWhateverTheStatus() {
        long word = 0xABCD_0123_4567_8910L;
        for (int status : STATUSES) {
            assertTrue(PState.sameSlice(word, PState.with(word, status)));
            assertFalse(PState.sameSlice(word, PState.nextSlice(word, status)));
            assertFalse(PState.sameSlice(word, PState.nextEpoch(word, status)));
        }
    }

    @Test
    void changingTheStatusKeepsEpochAndSlice() {
        long word = 0xABCD_0123_4567_8910L;
        for (int status : STATUSES) {
            long changed = PState.with(word, status);
            assertEquals(status, PState.status(changed));
            assertEquals(word >>> 4, changed >>> 4);
        }
    }

    @Test
    void theNextSliceKeepsTheEpoch() {
        long word = PState.with(7L << 32, PState.SCHED);
        long next = PState.nextSlice(word, PState.RUNNING);
        assertEquals(PState.RUNNING, PState.status(next));
        assertEquals(7, next >>> 32);
        assertNotEquals(word >>> 4, next >>> 4);
    }

    @Test
    void theSliceWrapsIntoItself() {
        long word = PState.with((7L << 32) | 0xFFFF_FFF0L, PState.RUNNING);
        assertEquals(PState.with(7L << 32, PState.RUNNING), PState.nextSlice(word, PState.RUNNING));
    }

    @Test
    void theNextEpochKeepsTheSlice() {
        long word = PState.with((7L << 32) | 0x1230L, PState.RUNNING);
        assertEquals(PState.with((8L << 32) | 0x1230L, PState.SCHED), PState.nextEpoch(word, PState.SCHED));
    }

    @Test
    void theEpochWraps() {
        long word = PState.with(0xFFFF_FFFFL << 32 | 0x1230L, PState.SYSCALL);
        assertEquals(PState.with(0x1230L, PState.IDLE), PState.nextEpoch(word, PState.IDLE));
    }

    /** Sysmon's CAS must miss when the owner has gone to the next goroutine, or when the P has changed hands. */
    @Test
    void aCasHitsOnlyTheSliceAndOwnerThatWereMeasured() {
        P p = new P(0, Started.unstarted(1));
        long measured = PState.nextSlice(p.word(), PState.RUNNING);
        p.word(measured);
        p.word(PState.nextSlice(measured, PState.RUNNING));
        assertEquals(false, p.cas(measured, PState.nextEpoch(measured, PState.SCHED)));
        p.word(PState.nextEpoch(measured, PState.RUNNING));
        assertEquals(false, p.cas(measured, PState.nextEpoch(measured, PState.SCHED)));
        p.word(measured);
        assertEquals(true, p.cas(measured, PState.nextEpoch(measured, PState.SCHED)));
    }
}
