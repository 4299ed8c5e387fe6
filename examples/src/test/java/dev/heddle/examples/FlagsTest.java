package dev.heddle.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server starts in every way in which Java programs are started, and only those that opened nothing hear of it. */
@Timeout(180)
final class FlagsTest {
    private static final Pattern ADDRESS = Pattern.compile("127\\.0\\.0\\.1:(\\d+)");
    private static final String OPENED = "opened internals of the JDK";
    private static final String OPEN_LANG = "--add-opens java.base/java.lang=ALL-UNNAMED";
    private static final String[] HELLO = {"hello", "--host", "127.0.0.1", "--port", "0"};

    @TempDir
    Path directory;

    @Test
    void onTheClassPath() throws Exception {
        try (Child child = Child.start(HELLO)) {
            assertSaysWhatItHasOpened(child);
        }
    }

    @Test
    void fromAShadedJarWithoutEntriesInItsManifest() throws Exception {
        try (Child child = Child.startJar(shadedJar(Map.of()), HELLO)) {
            assertSaysWhatItHasOpened(child);
        }
    }

    @Test
    void fromAShadedJarWithTheEntries() throws Exception {
        Map<String, String> entries = Map.of(
                "Add-Opens", "java.base/java.lang",
                "Add-Exports", "java.base/jdk.internal.misc java.base/jdk.internal.access java.base/jdk.internal.vm",
                "Enable-Native-Access", "ALL-UNNAMED");
        try (Child child = Child.startJar(shadedJar(entries), HELLO)) {
            serve(child);
            assertFalse(child.output().contains(OPENED), child.output());
        }
    }

    private static void assertSaysWhatItHasOpened(Child child) throws Exception {
        serve(child);
        List<String> lines = child.output().lines().toList();
        assertEquals(1, lines.stream().filter(line -> line.contains(OPENED)).count(), child.output());
        assertTrue(lines.stream().anyMatch(line -> line.contains(OPENED) && line.contains(OPEN_LANG)), child.output());
    }

    /** One request, then SIGTERM. The JVM itself has nothing to complain of. */
    private static void serve(Child child) throws Exception {
        URI address = URI.create("http://127.0.0.1:" + child.await(ADDRESS).group(1) + "/hello/World");
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request =
                    HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(30)).build();
            assertEquals("Hello, World!\n", client.send(request, BodyHandlers.ofString()).body());
        }
        child.terminate();
        child.awaitEnd();
        assertFalse(child.output().contains("WARNING:"), child.output());
    }

    /** All classes of this class path in one jar. */
    private Path shadedJar(Map<String, String> entries) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, Main.class.getName());
        entries.forEach((name, value) -> manifest.getMainAttributes().putValue(name, value));
        Path jar = directory.resolve("shaded.jar");
        Set<String> seen = new HashSet<>(Set.of("META-INF/MANIFEST.MF"));
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), manifest)) {
            out.setLevel(0);
            for (String element : System.getProperty("java.class.path").split(File.pathSeparator)) {
                if (!element.contains("junit") && !element.contains("archunit") && Files.exists(Path.of(element))) {
                    add(Path.of(element), seen, out);
                }
            }
        }
        return jar;
    }

    private static void add(Path element, Set<String> seen, JarOutputStream out) throws IOException {
        if (Files.isDirectory(element)) {
            addTree(element, seen, out);
            return;
        }
        try (FileSystem jar = FileSystems.newFileSystem(element)) {
            addTree(jar.getPath("/"), seen, out);
        }
    }

    private static void addTree(Path root, Set<String> seen, JarOutputStream out) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                String name = root.relativize(file).toString();
                if (seen.add(name)) {
                    out.putNextEntry(new JarEntry(name));
                    Files.copy(file, out);
                }
            }
        }
    }
}
