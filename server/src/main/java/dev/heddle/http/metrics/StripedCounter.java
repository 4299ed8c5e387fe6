package dev.heddle.http.metrics;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** A counter that many threads add to at once, as {@link StripedHistogram} is a histogram. */
final class StripedCounter {
    private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);

    /** 128 bytes from copy to copy. */
    private static final int STRIDE = 16;

    private final int mask;
    private final long[] cells;

    /** Makes a counter at 0; {@code stripes} is a power of 2. */
    StripedCounter(int stripes) {
        this.mask = stripes - 1;
        this.cells = new long[(stripes + 1) * STRIDE];
    }

    void increment() {
        CELL.getAndAddRelease(cells, (Stripes.current(mask) + 1) * STRIDE, 1L);
    }

    long sum() {
        long sum = 0;
        for (int i = STRIDE; i < cells.length; i += STRIDE) {
            sum += (long) CELL.getAcquire(cells, i);
        }
        return sum;
    }
}
