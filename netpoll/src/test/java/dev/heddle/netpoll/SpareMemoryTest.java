package dev.heddle.netpoll;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SpareMemoryTest {
    @Test
    void isThereAgainAfterATime() {
        SpareMemory spare = new SpareMemory();
        assertFalse(spare.isOut());
        assertTrue(spare.release());
        assertTrue(spare.isOut());
        spare.refill();
        assertTrue(spare.isOut(), "whoever needs it has time to use it");
        long end = System.nanoTime() + 20_000_000_000L;
        while (spare.isOut() && System.nanoTime() - end < 0) {
            assertFalse(spare.release(), "who asks in vain does not put it off");
            spare.refill();
        }
        assertFalse(spare.isOut());
    }
}
