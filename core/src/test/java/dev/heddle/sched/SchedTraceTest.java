package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The lines of schedtrace and scheddetail, against the grammar of Go 1.25. */
@Timeout(120)
class SchedTraceTest {
    private static final String HEAD = "SCHED (?<ms>\\d+)ms: gomaxprocs=(?<procs>\\d+) idleprocs=(?<idle>\\d+)"
            + " threads=(?<threads>\\d+) spinningthreads=\\d+ needspinning=[01] idlethreads=\\d+ runqueue=(?<global>\\d+)";

    private static final Pattern LINE =
            Pattern.compile(HEAD + " \\[(?<rings>( \\d+)+) ] schedticks=\\[ (?<ticks>(\\d+ )+)]\n");

    private static final Pattern DETAIL_HEAD =
            Pattern.compile(HEAD + " gcwaiting=false nmidlelocked=0 stopwait=0 sysmonwait=(true|false)");

    private static final Pattern P_LINE = Pattern.compile("  P(?<id>\\d+): status=(?<status>[0-4]) schedtick=\\d+"
            + " syscalltick=(?<calls>\\d+) m=(?<m>nil|\\d+) runqsize=(?<ring>\\d+) gfreecnt=\\d+ timerslen=(?<timers>\\d+)");

    private static final Pattern M_LINE = Pattern.compile("  M(?<id>\\d+): p=(?<p>nil|\\d+) curg=(?<curg>nil|\\d+)"
            + " mallocing=0 throwing=0 preemptoff= locks=0 dying=0 spinning=(true|false) blocked=(?<blocked>true|false)"
            + " lockedg=(nil|\\d+)");

    private static final Pattern G_LINE = Pattern.compile(
            "  G(?<id>\\d+): status=(?<status>[0-6])\\((?<reason>.*)\\) m=(?<m>nil|\\d+) lockedm=(nil|\\d+)");

    private static Matcher match(Pattern pattern, String text) {
        Matcher m = pattern.matcher(text);
        assertTrue(m.matches(), () -> "'" + text + "' is not " + pattern);
        return m;
    }

    /** The line of that number in a detailed block. */
    private static Matcher line(Pattern pattern, String block, long id) {
        return block.lines()
                .map(pattern::matcher)
                .filter(m -> m.matches() && Long.parseLong(m.group("id")) == id)
                .findAny()
                .orElseThrow(() -> new AssertionError(block));
    }

    @Test
    void oneLine() throws Exception {
        try (Scheduler s = Started.unhurried(2)) {
            String text = Started.call(s, () -> {
                for (int i = 0; i < 5; i++) {
                    s.go(() -> {});
                }
                return s.schedtrace(false);
            });
            Matcher m = match(LINE, text);
            assertEquals("2", m.group("procs"));
            assertEquals(2, m.group("rings").trim().split(" ").length);
            assertEquals(2, m.group("ticks").trim().split(" ").length);
            Quiet.afterEnd(s);
            m = match(LINE, s.schedtrace(false));
            assertEquals("2", m.group("idle"));
            assertEquals(" 0 0", m.group("rings"));
        }
    }

    @Test
    void inDetail() throws Exception {
        try (Scheduler s = Started.withoutSysmon(1)) { // which would take the P from the call
            Started.secondThread(s);
            BinarySemaphore semaphore = new BinarySemaphore();
            Goroutine waiter = s.go(() -> semaphore.acquire(WaitReason.CHAN_RECEIVE));
            Waiting.until(s, "it waits", () -> waiter.state() == Goroutine.State.WAITING);
            long[] ids = new long[2];
            String block = Started.call(s, () -> {
                ids[0] = Goroutine.current().id();
                ids[1] = s.go(() -> {}).id();
                s.go(() -> {});
                return Syscall.call(() -> s.schedtrace(true));
            });
            List<String> lines = block.lines().toList();
            match(DETAIL_HEAD, lines.getFirst());
            for (String line : lines.subList(1, lines.size())) {
                assertTrue(
                        List.of(P_LINE, M_LINE, G_LINE).stream()
                                .anyMatch(p -> p.matcher(line).matches()),
                        line);
            }
            Matcher p = line(P_LINE, block, 0);
            assertEquals("2", p.group("status"), "in a call");
            long machine = Long.parseLong(p.group("m"));
            assertEquals("1", p.group("ring"), "runnext is not counted");
            assertEquals("2", p.group("calls"));
            Matcher m = line(M_LINE, block, machine);
            assertEquals("0", m.group("p"));
            assertEquals("" + ids[0], m.group("curg"));
            Matcher caller = line(G_LINE, block, ids[0]);
            assertEquals("3", caller.group("status"));
            assertEquals("" + machine, caller.group("m"));
            Matcher queued = line(G_LINE, block, ids[1]);
            assertEquals("1", queued.group("status"));
            assertEquals("nil", queued.group("m"));
            Matcher waiting = line(G_LINE, block, waiter.id());
            assertEquals("4", waiting.group("status"));
            assertEquals("chan receive", waiting.group("reason"));
            semaphore.release();
            Quiet.afterEnd(s);
            block = s.schedtrace(true);
            assertEquals("0", line(P_LINE, block, 0).group("status"));
            assertEquals("nil", line(P_LINE, block, 0).group("m"));
            Waiting.until(
                    s,
                    "the M is a spare",
                    () -> line(M_LINE, s.schedtrace(true), machine).group("blocked").equals("true"));
        }
    }

    @Test
    void printedAgainAndAgainUntilStopped() throws Exception {
        try (Scheduler s = Started.procs(1)) {
            BlockingQueue<String> lines = new LinkedBlockingQueue<>();
            s.schedtrace(Duration.ofMillis(2), false, lines::add);
            long before = -1;
            for (int i = 0; i < 10; i++) { // while the scheduler sleeps as deep as it can
                Matcher m = match(LINE, lines.poll(Waiting.LIMIT.toSeconds(), TimeUnit.SECONDS));
                long ms = Long.parseLong(m.group("ms"));
                assertTrue(i == 0 ? ms == 0 : ms >= before, m::group);
                before = ms;
            }
            BlockingQueue<String> blocks = new LinkedBlockingQueue<>();
            s.schedtrace(Duration.ofMillis(2), true, blocks::add);
            match(DETAIL_HEAD, blocks.poll(Waiting.LIMIT.toSeconds(), TimeUnit.SECONDS).lines().findFirst().orElseThrow());
            s.schedtrace(Duration.ZERO, false, lines::add);
            Waiting.until(s, "its threads have ended", () -> Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(t -> t.getName().equals(s.config().name() + "-schedtrace")));
        }
    }

    @Test
    void aPropertyStartsIt() {
        System.setProperty("heddle.schedtrace", "1000000");
        System.setProperty("heddle.scheddetail", "1");
        try (Scheduler s = Started.procs(1)) {
            Waiting.until(s, "its thread runs", () -> Thread.getAllStackTraces().keySet().stream()
                    .anyMatch(t -> t.getName().equals(s.config().name() + "-schedtrace")));
        } finally {
            System.clearProperty("heddle.schedtrace");
            System.clearProperty("heddle.scheddetail");
        }
    }
}
