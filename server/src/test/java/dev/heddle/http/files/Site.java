package dev.heddle.http.files;

import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.heddle.http.App;
import dev.heddle.http.Server;
import dev.heddle.http.ServerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A server with some files, and one connection to it. */
abstract class Site {
    static final Instant PAST = Instant.parse("2026-02-03T04:05:06.789Z");
    static final String PAST_TEXT = "Tue, 03 Feb 2026 04:05:06 GMT";
    static final int LARGE = 300_007;

    @TempDir
    Path temp;

    Path root;
    byte[] large;
    Server server;
    Wire wire;

    @BeforeEach
    void makeFiles() throws Exception {
        root = temp.resolve("public");
        Files.createDirectories(root.resolve("docs"));
        Files.createDirectories(root.resolve("empty"));
        Files.createDirectories(root.resolve(".git"));
        Files.createDirectories(root.resolve(".well-known/acme"));
        write("a.txt", "0123456789");
        write("nothing.txt", "");
        write("gr\u00fc\u00df dich.txt", "hello");
        write("docs/index.html", "<p>docs</p>");
        write("docs/page.html", "<p>page</p>");
        write("index.html", "<p>home</p>");
        write(".secret", "secret");
        write(".git/config", "secret");
        write("docs/.env", "secret");
        write(".well-known/acme/token", "token");
        Files.writeString(temp.resolve("outside.txt"), "outside");
        large = new byte[LARGE];
        new Random(1).nextBytes(large);
        Files.write(root.resolve("large.bin"), large);
        touch(root.resolve("large.bin"), PAST);
    }

    void write(String name, String text) throws IOException {
        Path path = root.resolve(name);
        Files.writeString(path, text);
        touch(path, PAST);
    }

    static void touch(Path path, Instant time) throws IOException {
        Files.setLastModifiedTime(path, FileTime.from(time));
    }

    void start(App app) throws Exception {
        ServerConfig config = ServerConfig.defaults();
        server = app.with(config.withHost("127.0.0.1")
                        .withPort(0)
                        .withShutdownHook(false)
                        .withScheduler(config.scheduler().withProcs(2)))
                .start();
        wire = new Wire(server.port(), 0);
    }

    void start() throws Exception {
        start(App.create().install(StaticFiles.at("/static", root)));
    }

    @AfterEach
    void stop() throws Exception {
        if (wire != null) {
            wire.close();
        }
        if (server != null) {
            server.close();
        }
    }

    Wire.Answer get(String target, String... headers) throws IOException {
        wire.send("GET", target, headers);
        return wire.read(true);
    }

    Wire.Answer head(String target, String... headers) throws IOException {
        wire.send("HEAD", target, headers);
        return wire.read(false);
    }

    /** On a connection of its own, which the server may close. */
    int statusOf(String target) throws IOException {
        try (Wire other = new Wire(server.port(), 0)) {
            other.send("GET", target);
            Wire.Answer answer = other.read(true);
            assertFalse(answer.text().contains("secret") || answer.text().contains("outside"), target);
            return answer.status();
        }
    }
}
