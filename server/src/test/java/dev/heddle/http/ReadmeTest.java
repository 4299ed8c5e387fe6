package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.http.ServerConfig.Setting;
import dev.heddle.netpoll.NetpollConfig;
import dev.heddle.sched.Scheduler;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the module's README says is so. */
@HttpTest
class ReadmeTest {
    @TempDir
    static Path dir;

    private static String readme() throws IOException {
        return Files.readString(Path.of(System.getProperty("basedir", "."), "README.md"));
    }

    @Test
    void theApplicationRuns() throws Exception {
        Matcher code = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(readme());
        assertTrue(code.find());
        Path source = Files.writeString(dir.resolve("Shop.java"), code.group(1));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter errors = new StringWriter();
        boolean compiled = compiler.getTask(
                        errors,
                        null,
                        null,
                        List.of("-d", dir.toString(), "-proc:none", "-cp", classPath()),
                        null,
                        compiler.getStandardFileManager(null, null, null).getJavaFileObjects(source))
                .call();
        assertTrue(compiled, errors::toString);
        try (URLClassLoader loader =
                new URLClassLoader(new URL[] {dir.toUri().toURL()}, ReadmeTest.class.getClassLoader())) {
            Class<?> shop = loader.loadClass("Shop");
            Object instance = shop.getConstructor().newInstance();
            App app = (App) shop.getMethod("routes", App.class).invoke(instance, App.create());
            try (Server server = Servers.start(app)) {
                requests(server);
            }
        }
    }

    /** The classes of this project and its libraries, wherever the test runner has them. */
    private static String classPath() throws Exception {
        StringBuilder path = new StringBuilder();
        Class<?>[] needed = {App.class, Scheduler.class, NetpollConfig.class};
        for (Class<?> each : needed) {
            path.append(Path.of(each.getProtectionDomain().getCodeSource().getLocation().toURI()))
                    .append(File.pathSeparator);
        }
        return path.toString();
    }

    private static void requests(Server server) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            Answer hello = client.get("/").read();
            assertEquals("hello", hello.text());
            assertEquals("/", hello.header("x-route"));
            Answer added = client.post("/users", "{\"id\":7,\"name\":\"Ada\"}").read();
            assertEquals(201, added.status());
            assertEquals("/users/7", added.header("location"));
            assertEquals("{\"id\":7,\"name\":\"Ada\"}", client.get("/users/7").read().text());
            assertEquals("[{\"id\":7,\"name\":\"Ada\"}]", client.get("/users?n=5").read().text());
            assertEquals(400, client.get("/users/abc").read().status());
            Answer none = client.get("/users/8").read();
            assertEquals(404, none.status());
            assertTrue(none.text().contains("no user 8"), none::text);
            assertEquals("{\"bytes\":1000}", client.post("/upload", "x".repeat(1000)).read().text());
            Answer numbers = client.get("/numbers").read();
            assertEquals("chunked", numbers.header("transfer-encoding"));
            assertTrue(numbers.text().endsWith("\n99999\n"));
            client.send("DELETE /admin/users/7 HTTP/1.1\r\nHost: test\r\n\r\n");
            assertEquals("Basic", client.read().header("www-authenticate"));
            client.send("DELETE /admin/users/7 HTTP/1.1\r\nHost: test\r\nAuthorization: Basic eA==\r\n\r\n");
            assertEquals(204, client.read().status());
            assertEquals(404, client.get("/users/7").read().status());
        }
    }

    @Test
    void theSettingsAreAllThere() throws IOException {
        String readme = readme();
        for (Setting setting : ServerConfig.settings()) {
            Matcher row = Pattern.compile("\\| `" + setting.variable() + "` \\| (.*?) \\| (.*?) \\|").matcher(readme);
            assertTrue(row.find(), setting.variable());
            assertEquals(setting.description(), row.group(2));
            if (!row.group(1).contains("proc")) { // those depend on the machine
                assertEquals(setting.value(), row.group(1), setting.variable());
            }
        }
    }

    @Test
    void theFilesOfTheTourAreThere() throws IOException {
        Path sources = Path.of(System.getProperty("basedir", "."), "src/main/java/dev/heddle/http");
        Matcher row = Pattern.compile("(?m)^\\| [a-z ]+ \\| (`[A-Z].*?) \\|").matcher(readme());
        int rows = 0;
        while (row.find()) {
            rows++;
            Matcher name = Pattern.compile("`([A-Z]\\w+)").matcher(row.group(1));
            while (name.find()) {
                assertTrue(Files.exists(sources.resolve(name.group(1) + ".java")), name.group(1));
            }
        }
        assertTrue(rows >= 10, "rows: " + rows);
    }
}
