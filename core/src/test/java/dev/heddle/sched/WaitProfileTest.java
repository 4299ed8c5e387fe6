package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sync.Chan;
import dev.heddle.sync.Mutex;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Go's block and mutex profiles. */
@Timeout(120)
class WaitProfileTest {
    private static final String ME = WaitProfileTest.class.getName();

    private static void receives(Chan<Integer> chan) {
        chan.receive();
    }

    /** Lets a goroutine wait in {@link #receives} for at least 10 ms. */
    private static void waitsAtChan(Scheduler s) throws Exception {
        Chan<Integer> chan = new Chan<>();
        Goroutine g = s.go(() -> receives(chan));
        Waiting.until(s, "it waits", () -> g.waitReason() == WaitReason.CHAN_RECEIVE);
        Busy.nanos(10_000_000);
        chan.send(1);
        g.join();
    }

    private static void holds(Scheduler s, Mutex mutex) throws Exception {
        mutex.lock();
        Goroutine g = s.go(() -> {
            mutex.lock();
            mutex.unlock();
        });
        while (g.waitReason() != WaitReason.MUTEX_LOCK) {
            Goroutine.sleep(Duration.ofMillis(1));
        }
        Goroutine.sleep(Duration.ofMillis(10));
        mutex.unlock();
        g.join();
    }

    @Test
    void offUnlessAskedFor() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            waitsAtChan(s);
            Mutex mutex = new Mutex();
            Started.call(s, () -> {
                holds(s, mutex);
                return null;
            });
            assertFalse(WaitProfile.isBlockOn() || WaitProfile.isMutexOn());
            assertEquals("--- contention:\ncycles/second=1000000000\nsampling period=0\n", s.blockProfile().text());
            assertEquals("--- mutex:\ncycles/second=1000000000\nsampling period=0\n", s.mutexProfile().text());
        }
    }

    /** Go's TestBlockProfile: one wait, its length, and the stack from the call that waits. */
    @Test
    void waitsByStack() throws Exception {
        try (Scheduler s = Started.procs(2)) {
            s.blockProfile().rate(1);
            waitsAtChan(s);
            Goroutine sleeper = s.go(() -> {
                try {
                    Goroutine.sleep(Duration.ofMillis(5));
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            sleeper.join();
            s.blockProfile().rate(0);
            List<String> lines = s.blockProfile().text().lines().toList();
            String[] counts = lines.get(3).split(" @ ")[0].split(" ");
            assertTrue(Long.parseLong(counts[0]) >= 10_000_000, lines::toString);
            assertEquals("1", counts[1]);
            assertTrue(lines.get(4).contains("\tdev.heddle.sync.Chan."), lines::toString);
            assertTrue(lines.stream().anyMatch(line -> line.contains(ME + ".receives\tWaitProfileTest.java:")), lines::toString);
            assertEquals(1, lines.stream().filter(line -> line.contains(" @ ")).count(), "not the sleep: " + lines);
            waitsAtChan(s);
            assertEquals(lines.size(), s.blockProfile().text().lines().count(), "off again");
            s.blockProfile().reset();
            assertEquals(3, s.blockProfile().text().lines().count());
        }
        assertFalse(WaitProfile.isBlockOn());
    }

    /** Go's TestMutexProfile: at the stack of who unlocks. */
    @Test
    void contentionAtTheUnlock() throws Exception {
        Scheduler s = Started.procs(2);
        s.mutexProfile().rate(1);
        Mutex mutex = new Mutex();
        Started.call(s, () -> {
            holds(s, mutex);
            return null;
        });
        String text = s.mutexProfile().text();
        List<String> lines = text.lines().toList();
        String[] counts = lines.get(3).split(" @ ")[0].split(" ");
        assertTrue(Long.parseLong(counts[0]) >= 10_000_000, text);
        assertEquals("1", counts[1]);
        assertTrue(text.contains("\tdev.heddle.sync.Mutex.unlock\t"), text);
        assertTrue(text.contains("\t" + ME + ".holds\t"), text);
        assertTrue(WaitProfile.isMutexOn());
        s.close();
        assertFalse(WaitProfile.isMutexOn(), "a scheduler that has ended takes its own with it");
    }

    /** Short waits are sampled, and the sums are right in the mean. */
    @Test
    void samplesStandForTheOthers() {
        WaitProfile waits = new WaitProfile(WaitProfile.Kind.BLOCK);
        waits.rate(1_000);
        WaitProfile locks = new WaitProfile(WaitProfile.Kind.MUTEX);
        locks.rate(10);
        for (int i = 0; i < 100_000; i++) {
            waits.waited(100);
            locks.contended(100);
        }
        waits.rate(0);
        locks.rate(0);
        for (WaitProfile profile : List.of(waits, locks)) {
            String[] counts = profile.text().lines().skip(3).findFirst().orElseThrow().split(" @ ")[0].split(" ");
            assertEquals(10_000_000, Long.parseLong(counts[0]), 1_000_000);
            assertEquals(100_000, Long.parseLong(counts[1]), 10_000);
        }
    }

    /** Read back: each location, function and text that a sample refers to is there. */
    @Test
    void whatPprofReads() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (Scheduler s = Started.procs(2)) {
            s.blockProfile().rate(1);
            waitsAtChan(s);
            s.blockProfile().writeTo(out);
        }
        Map<Integer, List<Object>> profile = message(unzip(out.toByteArray()));
        List<String> texts = profile.get(6).stream().map(text -> new String((byte[]) text)).toList();
        assertEquals("", texts.getFirst());
        Map<Integer, List<Object>> type = message((byte[]) profile.get(1).get(1));
        assertEquals(List.of("delay", "nanoseconds"), List.of(texts.get(number(type, 1)), texts.get(number(type, 2))));
        Map<Integer, List<Object>> sample = message((byte[]) profile.get(2).getFirst());
        List<Long> values = varints((byte[]) sample.get(2).getFirst());
        assertEquals(1, values.get(0));
        assertTrue(values.get(1) >= 10_000_000, values::toString);
        List<String> names = new ArrayList<>();
        for (long id : varints((byte[]) sample.get(1).getFirst())) {
            Map<Integer, List<Object>> location = message((byte[]) profile.get(4).get((int) id - 1));
            assertEquals(id, number(location, 1));
            Map<Integer, List<Object>> line = message((byte[]) location.get(4).getFirst());
            Map<Integer, List<Object>> function = message((byte[]) profile.get(5).get(number(line, 1) - 1));
            names.add(texts.get(number(function, 2)) + " " + texts.get(number(function, 4)) + " " + (number(line, 2) > 0));
        }
        assertTrue(names.contains(ME + ".receives WaitProfileTest.java true"), names::toString);
    }

    private static byte[] unzip(byte[] bytes) throws IOException {
        return new GZIPInputStream(new ByteArrayInputStream(bytes)).readAllBytes();
    }

    private static int number(Map<Integer, List<Object>> message, int field) {
        return ((Long) message.get(field).getFirst()).intValue();
    }

    private static List<Long> varints(byte[] bytes) {
        ByteArrayInputStream in = new ByteArrayInputStream(bytes);
        List<Long> all = new ArrayList<>();
        while (in.available() > 0) {
            all.add(varint(in));
        }
        return all;
    }

    /** Numbers and parts of a message, by field. */
    private static Map<Integer, List<Object>> message(byte[] bytes) throws IOException {
        Map<Integer, List<Object>> fields = new HashMap<>();
        ByteArrayInputStream in = new ByteArrayInputStream(bytes);
        while (in.available() > 0) {
            long key = varint(in);
            Object value = (key & 7) == 0 ? (Object) varint(in) : in.readNBytes((int) varint(in));
            fields.computeIfAbsent((int) (key >> 3), _ -> new ArrayList<>()).add(value);
        }
        return fields;
    }

    private static long varint(ByteArrayInputStream in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            int next = in.read();
            value |= (long) (next & 0x7F) << shift;
            if (next < 0x80) {
                return value;
            }
        }
    }
}
