package dev.heddle.netpoll;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBufAllocator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The detector that all other tests rely on detects. */
@ExtendWith(Leaks.class)
class LeaksTest {
    @Test
    void findsALostBuffer() throws Exception {
        lose();
        assertEquals(1, Leaks.collect());
        Leaks.forget();
    }

    private static void lose() {
        ByteBufAllocator.DEFAULT.directBuffer(16).writeByte(1);
    }
}
