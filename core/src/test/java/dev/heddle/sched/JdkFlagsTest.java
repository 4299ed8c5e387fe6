package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.heddle.context.Context;
import dev.heddle.os.Files;
import dev.heddle.sched.jdk.VirtualThreads;
import dev.heddle.sync.Chan;
import dev.heddle.sync.Mutex;
import dev.heddle.sync.Select;
import dev.heddle.sync.WaitGroup;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Every JVM has what the scheduler needs: by flags, of which nothing is said, or because it was opened from inside. */
@Timeout(120)
class JdkFlagsTest {
    private static final String HELLO = "hello from a goroutine";
    private static final String OPENED = "opened internals of the JDK";
    private static final String FORBID = "-Dheddle.open-jdk=false";

    /** What the other JVM runs. */
    static final class Main {
        private Main() {}

        public static void main(String[] args) throws Exception {
            ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).setLevel(Level.INFO);
            try (Scheduler s = Scheduler.start();
                    Scheduler second = Scheduler.start()) {
                s.go(() -> System.out.println(HELLO)).join();
                second.go(() -> {}).join();
            } catch (IllegalStateException | IllegalArgumentException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    /** Begins with anything but a scheduler, in a JVM without flags. */
    static final class OtherFirst {
        private OtherFirst() {}

        public static void main(String[] args) throws Exception {
            switch (args[0]) {
                case "mutex" -> {
                    Mutex mutex = new Mutex();
                    mutex.lock();
                    Thread other = Thread.ofPlatform().start(mutex::lock);
                    while (!other.getState().name().contains("WAITING")) {
                        Thread.onSpinWait();
                    }
                    mutex.unlock();
                    other.join();
                }
                case "chan" -> {
                    Chan<String> chan = new Chan<>();
                    Thread.ofPlatform().start(() -> chan.send("x"));
                    System.out.println(Select.of(Select.receive(chan)).await());
                }
                case "group" -> new WaitGroup().await();
                case "sleep" -> Goroutine.sleep(Duration.ofMillis(1));
                case "current" -> System.out.println(Goroutine.current() + " " + Scheduler.current() + " " + Context.current());
                case "syscall" -> Syscall.call(() -> "x");
                case "files" -> Files.list(Path.of("/"));
                case "semaphore" -> System.out.println(new BinarySemaphore().tryAcquire());
                default -> throw new IllegalArgumentException(args[0]);
            }
            Main.main(args);
        }
    }

    private static List<String> allFlags() {
        return List.of(VirtualThreads.FLAGS.replace(" java.base", "=java.base").split(" "));
    }

    private static List<String> allFlagsBut(int missing) {
        List<String> flags = new ArrayList<>(allFlags());
        assertEquals(5, flags.size());
        flags.remove(missing);
        return flags;
    }

    @Test
    void withTheFlagsNothingIsSaid() throws Exception {
        String output = OtherJvm.output(allFlags(), Main.class);
        assertTrue(output.contains(HELLO), output);
        assertFalse(output.contains(OPENED), output);
    }

    @Test
    void withoutFlagsOneLineNamesThem() throws Exception {
        String output = OtherJvm.output(List.of(), Main.class);
        assertTrue(output.contains(HELLO), output);
        assertEquals(1, output.lines().filter(line -> line.contains(OPENED)).count(), output);
        assertTrue(output.contains(VirtualThreads.FLAGS), output);
        assertFalse(output.contains("WARNING:"), output); // the JVM's own
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void aSingleMissingFlagIsNamedAlone(int missing) throws Exception {
        String output = OtherJvm.output(allFlagsBut(missing), Main.class);
        assertTrue(output.contains(HELLO), output);
        String flag = VirtualThreads.FLAGS.split(" (?=--)")[missing];
        assertTrue(Pattern.compile(OPENED + ".*: " + Pattern.quote(flag) + "$", Pattern.MULTILINE)
                .matcher(output)
                .find(), output);
    }

    @ParameterizedTest
    @ValueSource(strings = {"mutex", "chan", "group", "sleep", "current", "syscall", "files", "semaphore"})
    void whateverIsUsedFirst(String what) throws Exception {
        String output = OtherJvm.output(List.of(), OtherFirst.class, what);
        assertTrue(output.contains(HELLO), output);
    }

    @Test
    void itCanBeForbidden() throws Exception {
        String output = OtherJvm.output(List.of(FORBID), Main.class);
        assertTrue(output.contains("Start the JVM with: " + VirtualThreads.FLAGS), output);
        assertTrue(output.contains("heddle.open-jdk=false"), output);
        assertFalse(output.contains(HELLO), output);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void whereItIsForbiddenEachFlagIsMissed(int missing) throws Exception {
        List<String> flags = new ArrayList<>(allFlagsBut(missing));
        flags.add(FORBID);
        String output = OtherJvm.output(flags, Main.class);
        assertTrue(output.contains("Start the JVM with: " + VirtualThreads.FLAGS), output);
    }

    @Test
    void whereItIsForbiddenTheFlagsDo() throws Exception {
        List<String> flags = new ArrayList<>(allFlags());
        flags.add(FORBID);
        String output = OtherJvm.output(flags, Main.class);
        assertTrue(output.contains(HELLO), output);
    }

    @Test
    void whereTheJvmRefusesTheMessageNamesTheFlags() throws Exception {
        // without jdk.unsupported there is no way in
        String modules = "java.base,java.logging,java.management,java.naming,java.xml,jdk.jfr,jdk.management";
        String output = OtherJvm.output(List.of("--limit-modules", modules), Main.class);
        assertTrue(output.contains("Start the JVM with: " + VirtualThreads.FLAGS), output);
        List<String> flags = new ArrayList<>(allFlags());
        flags.addAll(List.of("--limit-modules", modules));
        output = OtherJvm.output(flags, Main.class);
        assertTrue(output.contains(HELLO), output);
    }

    @Test
    void aBadSettingIsRefused() throws Exception {
        String output = OtherJvm.output(List.of("-Dheddle.open-jdk=no"), Main.class);
        assertTrue(output.contains("heddle.open-jdk: got 'no', need true or false"), output);
    }

    @Test
    void allPlacesNameTheSameFlags() throws Exception {
        Path root = Path.of("..");
        String pom = java.nio.file.Files.readString(root.resolve("pom.xml"));
        assertTrue(pom.contains("<heddle.jvm.flags>" + VirtualThreads.FLAGS + "</heddle.jvm.flags>"));
        String readme = java.nio.file.Files.readString(root.resolve("README.md"));
        assertTrue(readme.replaceAll("\\s*\\\\\\s+", " ").contains("java " + VirtualThreads.FLAGS + " "));
        String jar = java.nio.file.Files.readString(root.resolve("examples/pom.xml"));
        String[] entries = {
            "Add-Opens: java.base/java.lang",
            "Add-Exports: java.base/jdk.internal.misc java.base/jdk.internal.access java.base/jdk.internal.vm",
            "Enable-Native-Access: ALL-UNNAMED"
        };
        for (String entry : entries) {
            assertTrue(readme.contains("    " + entry + "\n"), entry);
            String[] nameAndValue = entry.split(": ");
            String element = "<" + nameAndValue[0] + ">" + nameAndValue[1] + "</" + nameAndValue[0] + ">";
            assertTrue(jar.contains(element), element);
            Arrays.stream(nameAndValue[1].split(" "))
                    .forEach(each -> assertTrue(VirtualThreads.FLAGS.contains(each), each));
        }
    }
}
