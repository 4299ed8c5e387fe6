package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The list of all goroutines is read while goroutines begin and end. */
@Timeout(60)
class AllGsTest {
    /** More threads than processors, so that a reader is now and then stopped between two reads. */
    private static final int WRITERS = 2 * Runtime.getRuntime().availableProcessors();

    private static final long MILLIS = 1_500;

    @Test
    void snapshotWhileGoroutinesBeginAndEnd() throws InterruptedException {
        Sched sched = Started.unstarted(1);
        AllGs all = new AllGs();
        AtomicBoolean over = new AtomicBoolean();
        ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        for (G g : Started.goroutines(sched, WRITERS)) {
            threads.add(Thread.ofPlatform().start(() -> {
                while (!over.get()) {
                    all.add(g);
                    all.remove(g);
                }
            }));
        }
        for (int i = 0; i < 2; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    for (int part = 0; !over.get(); part = (part + 1) % (WRITERS + 1)) { // where those goroutines are
                        all.forEachIn(part, g -> {});
                    }
                } catch (Throwable e) {
                    failures.add(e);
                }
            }));
        }
        Thread.sleep(StressTime.nanos(MILLIS) / 1_000_000);
        over.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(List.of(), List.copyOf(failures));
        assertEquals(0, all.snapshot().size());
    }
}
