package dev.heddle.http.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heddle.http.App;
import dev.heddle.http.Server;
import dev.heddle.http.ServerConfig;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files that are there and cannot be had, in a process that is short of descriptors and has no superpowers. */
@Timeout(120)
class FilesOutOfReachTest {
    private static final int DESCRIPTORS = 200;

    /** The process. */
    static final class Main {
        private Main() {}

        public static void main(String[] args) throws Exception {
            Path root = Path.of(args[0]);
            Path closed = Path.of(args[1]);
            List<FileInputStream> hoard = new ArrayList<>();
            App app = App.create()
                    .install(StaticFiles.at("/static", root))
                    .install(StaticFiles.at("/closed", closed))
                    .get("/file", c -> c.file(root.resolve(c.query("name").get())))
                    .get("/close", c -> {
                        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
                        c.text("closed");
                    })
                    .get("/hoard", c -> {
                        try {
                            while (hoard.size() < 10 * DESCRIPTORS) {
                                hoard.add(new FileInputStream(root.resolve("a.txt").toFile()));
                            }
                        } catch (IOException e) {
                            c.text(e.getMessage());
                        }
                    })
                    .get("/free", c -> {
                        for (FileInputStream each : hoard) {
                            each.close();
                        }
                        c.text("free");
                    });
            ServerConfig config = ServerConfig.defaults().withHost("127.0.0.1").withPort(0).withShutdownHook(false);
            Server server = app.with(config).start();
            System.out.println("port " + server.port());
            System.in.read();
            server.close();
            System.out.println("end");
        }
    }

    @TempDir
    Path temp;

    private Process process;
    private BufferedReader out;
    private Wire wire;

    @BeforeEach
    void start() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "no shell here");
        Path root = Files.createDirectories(temp.resolve("public"));
        Files.createDirectories(root.resolve("closed"));
        for (String name : List.of("a.txt", "secret.txt", "closed/x.txt")) {
            Files.writeString(root.resolve(name), "text");
        }
        Files.createSymbolicLink(root.resolve("loop"), root.resolve("loop"));
        for (String name : List.of("secret.txt", "closed")) {
            Files.setPosixFilePermissions(root.resolve(name), PosixFilePermissions.fromString("---------"));
        }
        Path closed = Files.createDirectories(temp.resolve("closed"));
        Files.writeString(closed.resolve("a.txt"), "text");

        List<String> command = new ArrayList<>();
        if (Files.isReadable(root.resolve("secret.txt"))) { // the superuser, for whom nothing is out of reach
            Path setpriv = Path.of("/usr/bin/setpriv");
            assumeTrue(Files.isExecutable(setpriv), "no setpriv here");
            command.addAll(List.of(setpriv.toString(), "--bounding-set=-dac_override,-dac_read_search"));
        }
        command.addAll(List.of("/bin/sh", "-c", "ulimit -n " + DESCRIPTORS + " && exec \"$@\"", "sh"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (argument.startsWith("--")) {
                command.add(argument);
            }
        }
        command.addAll(List.of("-Xmx256m", "-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(List.of(root.toString(), closed.toString()));
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        out = process.inputReader();
        wire = new Wire(Integer.parseInt(linesUntil("port ").getLast().substring(5)), 0);
    }

    @AfterEach
    void stop() throws Exception {
        if (wire != null) {
            wire.close();
        }
        if (process != null) {
            process.destroyForcibly();
        }
        for (Path path : List.of(temp.resolve("public/closed"), temp.resolve("closed"))) {
            if (Files.exists(path)) {
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx------"));
            }
        }
    }

    private List<String> linesUntil(String beginning) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            lines.add(line);
            if (line.startsWith(beginning)) {
                return lines;
            }
        }
        throw new AssertionError("the process ended without: " + beginning + "\n" + String.join("\n", lines));
    }

    private Wire.Answer get(String target) throws IOException {
        wire.send("GET", target);
        return wire.read(true);
    }

    private List<String> log() throws Exception {
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
        List<String> lines = linesUntil("end");
        assertTrue(process.waitFor(20, TimeUnit.SECONDS));
        return lines;
    }

    @Test
    void onlyWhatIsNotThereIs404() throws Exception {
        String tooLong = "x".repeat(300);
        for (String prefix : List.of("/static/", "/file?name=")) {
            assertEquals(200, get(prefix + "a.txt").status());
            for (String name : List.of("none", "a.txt/x", "loop", "loop/x", tooLong, "none/" + tooLong)) {
                assertEquals(404, get(prefix + name).status(), prefix + name);
            }
            assertEquals(403, get(prefix + "secret.txt").status());
            assertEquals(403, get(prefix + "closed/x.txt").status());
        }
        assertEquals(200, get("/closed/a.txt").status());
        get("/close");
        for (int i = 0; i < 20; i++) {
            assertEquals(500, get("/closed/a.txt").status());
        }
        assertEquals(403, get("/static/secret.txt").status());
        List<String> log = log();
        long entries = log.stream().filter(line -> line.contains("GET /")).count();
        assertEquals(1, entries, () -> String.join("\n", log));
        assertTrue(log.stream().anyMatch(line -> line.startsWith("java.nio.file.AccessDeniedException")), log::toString);
    }

    /** The process has others that open and close files, so one may be free again: then the file is there. */
    private void failsWithoutDescriptor(String target) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        int status;
        do {
            get("/hoard");
            status = get(target).status();
        } while (status == 200 && System.nanoTime() - end < 0);
        assertEquals(500, status, target);
    }

    @Test
    void withoutDescriptors() throws Exception {
        long begin = System.nanoTime();
        for (String name : List.of("a.txt", "secret.txt")) { // classes come from directories here, which needs descriptors
            get("/static/" + name);
            get("/file?name=" + name);
        }
        assertTrue(get("/hoard").text().contains("a.txt ("));
        for (int i = 0; i < 20; i++) {
            failsWithoutDescriptor("/static/a.txt");
            failsWithoutDescriptor("/file?name=a.txt");
            assertEquals(404, get("/static/none").status());
        }
        assertEquals("free", get("/free").text());
        assertEquals(200, get("/static/a.txt").status());
        assertEquals(200, get("/file?name=a.txt").status());
        long most = 1 + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin) / 10;
        List<String> log = log();
        long entries = log.stream().filter(line -> line.contains("failed in goroutine")).count();
        assertTrue(entries >= 1 && entries <= most, () -> String.join("\n", log));
        assertTrue(log.stream().anyMatch(line -> line.startsWith("java.nio.file.FileSystemException")), log::toString);
    }
}
