package dev.heddle.netpoll;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ReserveTest {
    @Test
    void isThereAgainAfterATime() {
        Reserve reserve = new Reserve();
        assertFalse(reserve.isOut());
        assertTrue(reserve.release());
        assertTrue(reserve.isOut());
        reserve.refill();
        assertTrue(reserve.isOut(), "whoever needs it has time to use it");
        long end = System.nanoTime() + 20_000_000_000L;
        while (reserve.isOut() && System.nanoTime() - end < 0) {
            assertFalse(reserve.release(), "who asks in vain does not put it off");
            reserve.refill();
        }
        assertFalse(reserve.isOut());
    }
}
