package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What is escaped in the log, and what is left alone. */
class LogTextTest {
    @Test
    void onlyWhereThereIsSomethingToEscape() {
        Throwable plain = new IllegalStateException("grüße\t\"€\"", new IOException());
        assertSame(plain, LogText.clean(plain));
        Exception circle = new Exception("a\nb");
        Exception other = new Exception("other", circle);
        circle.initCause(other);
        circle.addSuppressed(other);
        Throwable copy = LogText.clean(circle);
        assertNotSame(circle, copy);
        assertEquals("java.lang.Exception: a\\nb", copy.getMessage());
        Throwable mute = new Exception() {
            @Override
            public String getMessage() {
                throw new IllegalStateException("mute");
            }
        };
        assertTrue(LogText.clean(new Exception(null, mute)).getCause().getMessage().contains("cannot be had"));
        assertEquals("a\\nb", LogText.clean("a\nb"));
        assertEquals("\\u007f\\ufeff", LogText.clean("\u007f\ufeff"));
    }
}
