package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The queue between loop and handlers: nothing lost, nothing twice, in order, and nobody waits in vain. */
@Timeout(60)
class MailboxTest {
    private static List<Object> items(Mailbox.Cell<?> cells) {
        List<Object> items = new ArrayList<>();
        for (Mailbox.Cell<?> cell = cells; cell != null; cell = cell.next) {
            items.add(cell.item);
        }
        return items;
    }

    @Test
    void oneThread() {
        Mailbox<Integer> box = new Mailbox<>();
        assertTrue(box.isEmpty());
        assertNull(box.takeAll());
        assertEquals(Mailbox.FIRST, box.push(1));
        assertEquals(Mailbox.MORE, box.push(2));
        assertEquals(List.of(1, 2), items(box.takeAll()));
        assertEquals(Mailbox.FIRST, box.push(3));
        assertEquals(List.of(3), items(box.shut()));
        assertEquals(Mailbox.SHUT, box.push(4));
        assertNull(box.takeAll());
        assertNull(box.shut());
        assertTrue(box.isEmpty());
    }

    @Test
    void manyProducers() throws InterruptedException {
        int producers = 3;
        int each = 200_000;
        Mailbox<long[]> box = new Mailbox<>();
        Semaphore wakeUps = new Semaphore(0);
        AtomicLong accepted = new AtomicLong();
        List<Thread> threads = new ArrayList<>();
        for (int p = 0; p < producers; p++) {
            int producer = p;
            threads.add(Thread.ofPlatform().start(() -> {
                for (int n = 0; n < each; n++) {
                    int result = box.push(new long[] {producer, n});
                    if (result == Mailbox.FIRST) {
                        wakeUps.release();
                    }
                    if (result != Mailbox.SHUT) {
                        accepted.incrementAndGet();
                    }
                }
            }));
        }
        long[] next = new long[producers];
        long taken = 0;
        while (taken < producers * each * 9L / 10) {
            wakeUps.acquire(); // a lost wake-up would end in the time limit
            taken += check(box.takeAll(), next);
        }
        taken += check(box.shut(), next);
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(accepted.get(), taken);
        assertTrue(Arrays.stream(next).sum() == taken);
    }

    private static long check(Mailbox.Cell<long[]> cells, long[] next) {
        long n = 0;
        for (Mailbox.Cell<long[]> cell = cells; cell != null; cell = cell.next) {
            int producer = (int) cell.item[0];
            assertEquals(next[producer]++, cell.item[1], "order of producer " + producer);
            n++;
        }
        return n;
    }
}
