package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class SeldomTest {
    @Test
    void oneThenNoneForAWhile() {
        long start = Long.MAX_VALUE - 5; // the clock may run over
        Seldom seldom = new Seldom(start);
        assertEquals(0, seldom.pass(start));
        assertEquals(Seldom.NOT_NOW, seldom.pass(start));
        assertEquals(Seldom.NOT_NOW, seldom.pass(start + Seldom.PERIOD_NANOS - 1));
        assertEquals(2, seldom.pass(start + Seldom.PERIOD_NANOS));
        assertEquals(Seldom.NOT_NOW, seldom.pass(start + Seldom.PERIOD_NANOS));
        assertEquals(1, seldom.pass(start + 3 * Seldom.PERIOD_NANOS));
    }
}
