package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** Go 1.25's updating GOMAXPROCS: the number of Ps follows the processors, unless somebody has set it. */
@Timeout(120)
class ProcsFollowerTest {
    /** What the machine says; 0 throws an {@code IOException}, less an error. */
    private final AtomicInteger processors = new AtomicInteger(2);

    private final AtomicInteger looks = new AtomicInteger();
    private final Logger logger = (Logger) LoggerFactory.getLogger(Scheduler.class);
    private long later;

    @BeforeEach
    void alsoWhatIsNoWarning() {
        logger.setLevel(Level.INFO);
    }

    @AfterEach
    void asBefore() {
        logger.setLevel(null);
    }

    private Scheduler follows() {
        return with(config -> config);
    }

    private Scheduler with(UnaryOperator<SchedulerConfig> settings) {
        Preload.once();
        Scheduler s = new Scheduler(settings.apply(SchedulerConfig.defaults().withName("follows")), this::processors);
        s.sched().start();
        return s;
    }

    private int processors() throws IOException {
        int now = processors.get();
        try {
            if (now < 0) {
                throw new IllegalStateException("not today");
            }
            if (now == 0) {
                throw new IOException("no descriptor");
            }
            return now;
        } finally {
            looks.incrementAndGet();
        }
    }

    /** As if sysmon came round much later. */
    private void look(Scheduler s) {
        int before = looks.get();
        later += 1_000_000_000_000L;
        s.sched().procsFollower.look(Clock.nanotime() + later);
        Waiting.until(s, "it has looked", () -> looks.get() > before);
    }

    @Test
    void sysmonLooksWhileGoroutinesRun() {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = follows()) {
            assertEquals(2, s.gomaxprocs());
            AtomicBoolean over = new AtomicBoolean();
            s.go(() -> {
                while (!over.get()) {
                    LockSupport.parkNanos(1_000_000);
                }
            });
            processors.set(5);
            Waiting.until(s, "5 Ps", () -> s.gomaxprocs() == 5);
            processors.set(1);
            Waiting.until(s, "1 P", () -> s.gomaxprocs() == 1);
            over.set(true);
            Quiet.afterEnd(s);
            Waiting.until(s, "both are counted", () -> s.stats().procsChanges() == 2);
            Waiting.until(s, "both are logged", () -> log.messages(Level.INFO)
                    .equals(List.of(
                            "follows: procs 5, was 2: the processors that this process may use",
                            "follows: procs 1, was 5: the processors that this process may use")));
            assertTrue(looks.get() < 20, "once a second, not in each round: " + looks);
        }
    }

    @Test
    void whatHasNotChangedIsNeitherCountedNorLogged() {
        try (LogCapture log = LogCapture.watch();
                Scheduler s = follows()) {
            look(s);
            assertEquals(2, s.gomaxprocs());
            assertEquals(0, s.stats().procsChanges());
            assertEquals(List.of(), log.messages(Level.INFO));
        }
    }

    @Test
    void aNumberThatIsSetStays() {
        try (Scheduler s = with(config -> config.withProcs(3))) {
            assertEquals(3, s.gomaxprocs());
            assertFalse(s.sched().procresize.isFollowing());
            s.setDefaultGomaxprocs();
            assertEquals(2, s.gomaxprocs());
            processors.set(4);
            look(s);
            Waiting.until(s, "4 Ps", () -> s.gomaxprocs() == 4);
            s.gomaxprocs(4); // the same, but now it is set
            processors.set(1);
            assertFalse(s.sched().procresize.isFollowing());
            assertEquals(1, s.sched().procresize.follow(1), "of a look that began before");
            assertEquals(4, s.gomaxprocs());
            s.setDefaultGomaxprocs();
            assertEquals(1, s.gomaxprocs());
            assertEquals(0, s.config().withName("x").withProcs(0).procs());
        }
    }

    @Test
    void aLookThatFailsChangesNothing() {
        try (LogCapture log = LogCapture.quiet();
                Scheduler s = follows()) {
            processors.set(0);
            look(s);
            look(s);
            assertEquals(2, s.gomaxprocs());
            assertEquals(0, s.stats().internalErrors());
            processors.set(-1);
            look(s);
            Waiting.until(s, "the error is counted", () -> s.stats().internalErrors() == 1);
            processors.set(3);
            look(s);
            Waiting.until(s, "3 Ps", () -> s.gomaxprocs() == 3);
            Waiting.until(s, "the error is logged", () -> log.messages(Level.ERROR).stream()
                    .anyMatch(text -> text.startsWith("follows: the thread that follows the processors has thrown")));
        }
    }

    @Test
    void theStartThatCannotLookTakesTheJvmsNumber() {
        processors.set(0);
        try (Scheduler s = follows()) {
            assertEquals(Runtime.getRuntime().availableProcessors(), s.gomaxprocs());
        }
    }

    @Test
    void thereAreFewerThanThreads() {
        processors.set(5_000);
        try (Scheduler s = with(config -> config.withMaxThreads(3))) {
            assertEquals(2, s.gomaxprocs());
            assertEquals("ran", Started.call(s, () -> "ran"));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        try (Scheduler s = follows()) {
            assertEquals(SchedulerConfig.MAX_PROCS, s.gomaxprocs());
        }
    }

    /** By itself, on this machine. */
    @Test
    void asManyAsTheJvmSeesOrFewer() {
        try (Scheduler s = Scheduler.start()) {
            assertTrue(s.gomaxprocs() >= 1 && s.gomaxprocs() <= Runtime.getRuntime().availableProcessors());
            Thread procs = Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().equals("heddle-procs"))
                    .findFirst()
                    .orElseThrow();
            s.close();
            assertFalse(procs.isAlive(), "it has ended with the scheduler");
        }
    }

    /** In the JVM of {@link #flagsOfTheJvmCount}. */
    static final class Prints {
        public static void main(String[] args) {
            try (Scheduler s = Scheduler.start()) {
                System.out.println("procs " + s.gomaxprocs());
            }
        }
    }

    @Test
    void flagsOfTheJvmCount() throws Exception {
        String output = OtherJvm.output(List.of("-XX:ActiveProcessorCount=7"), Prints.class);
        assertTrue(output.contains("procs 7"), output);
    }
}
