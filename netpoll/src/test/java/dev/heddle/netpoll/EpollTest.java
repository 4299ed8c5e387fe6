package dev.heddle.netpoll;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The system calls. */
@EnabledOnOs(OS.LINUX)
class EpollTest {
    private static final long MILLI = 1_000_000;

    private final Epoll.Buffer buffer = new Epoll.Buffer(4);
    private int epoll;
    private int event;

    @BeforeEach
    void open() throws IOException {
        epoll = Epoll.create(buffer);
        event = Epoll.eventfd(buffer);
    }

    @AfterEach
    void close() {
        Epoll.close(buffer, event);
        Epoll.close(buffer, epoll);
    }

    @Test
    void levelTriggeredUntilDrained() throws IOException {
        Epoll.add(buffer, epoll, event, Epoll.EPOLLIN, 0x1234_5678_9abcL);
        assertEquals(0, Epoll.wait(buffer, epoll, 0));
        Epoll.signal(buffer, event);
        assertEquals(1, Epoll.wait(buffer, epoll, 0));
        assertEquals(0x1234_5678_9abcL, buffer.data(0));
        assertEquals(1, Epoll.wait(buffer, epoll, -1));
        Epoll.drain(buffer, event);
        assertEquals(0, Epoll.wait(buffer, epoll, 0));
        Epoll.drain(buffer, event); // empty: no error, no wait
    }

    @Test
    void edgeTriggeredOncePerSignal() throws IOException {
        Epoll.add(buffer, epoll, event, Epoll.EPOLLIN | Epoll.EPOLLET, 7);
        Epoll.signal(buffer, event);
        assertEquals(1, Epoll.wait(buffer, epoll, 0));
        assertEquals(0, Epoll.wait(buffer, epoll, 0));
        Epoll.signal(buffer, event);
        assertEquals(1, Epoll.wait(buffer, epoll, 0));
    }

    /**
     * What the pollers rely on: a new event inside shows outside as an edge although the inner list was not emptied.
     */
    @Test
    void nestedEdgeComesForEachNewEvent() throws IOException {
        int inner = Epoll.create(buffer);
        int second = Epoll.eventfd(buffer);
        try {
            Epoll.add(buffer, epoll, inner, Epoll.EPOLLIN | Epoll.EPOLLET, 1);
            Epoll.add(buffer, inner, event, Epoll.EPOLLIN, 2);
            Epoll.add(buffer, inner, second, Epoll.EPOLLIN, 3);
            Epoll.signal(buffer, event);
            assertEquals(1, Epoll.wait(buffer, epoll, 0));
            assertEquals(0, Epoll.wait(buffer, epoll, 0));
            Epoll.signal(buffer, second);
            assertEquals(1, Epoll.wait(buffer, epoll, 0));
            assertEquals(2, Epoll.wait(buffer, inner, 0));
        } finally {
            Epoll.close(buffer, second);
            Epoll.close(buffer, inner);
        }
    }

    /** The same for a descriptor that is added, or asked for again, when it is ready already. */
    @Test
    void nestedEdgeComesWithAReadyDescriptor() throws IOException {
        int inner = Epoll.create(buffer);
        try {
            Epoll.add(buffer, epoll, inner, Epoll.EPOLLIN | Epoll.EPOLLET, 1);
            Epoll.signal(buffer, event);
            assertEquals(0, Epoll.wait(buffer, epoll, 0));
            Epoll.add(buffer, inner, event, Epoll.EPOLLIN, 2);
            assertEquals(1, Epoll.wait(buffer, epoll, 0));
        } finally {
            Epoll.close(buffer, inner);
        }
    }

    @Test
    void timedWaitIsNotShorterThanAsked() {
        for (long nanos : new long[] {1, 200_000, 3 * MILLI}) {
            long start = System.nanoTime();
            assertEquals(0, Epoll.wait(buffer, epoll, nanos));
            long took = System.nanoTime() - start;
            assertTrue(took >= nanos, "asked for " + nanos + " ns, took " + took);
        }
    }

    @Test
    void errorsNameTheCallAndTheNumber() {
        IOException e = assertThrows(IOException.class, () -> Epoll.add(buffer, epoll, epoll, Epoll.EPOLLIN, 0));
        assertEquals("epoll_ctl: errno 22", e.getMessage());
        assertThrows(IllegalStateException.class, () -> Epoll.wait(buffer, -1, 0));
    }
}
