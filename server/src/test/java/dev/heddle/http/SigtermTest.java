package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A whole process that is told to end. */
@Timeout(120)
class SigtermTest {
    /** The process. */
    static final class Main {
        private Main() {}

        public static void main(String[] args) throws Exception {
            App.create()
                    .get("/slow", c -> {
                        System.out.println("begun");
                        Goroutine.sleep(Duration.ofMillis(700));
                        c.text("slow but done");
                    })
                    .with(Servers.config().withShutdownHook(true))
                    .install(app -> app.onStart(server -> Thread.ofPlatform().start(() -> {
                        Await.until("the port", () -> hasPort(server));
                        System.out.println("port " + server.port());
                    })))
                    .run();
            System.out.println("run has returned");
        }

        private static boolean hasPort(Server server) {
            try {
                return server.port() > 0;
            } catch (IllegalStateException e) {
                return false;
            }
        }
    }

    @Test
    void requestsInFlightFinishAndRunReturns() throws Exception {
        Process process = start();
        try (BufferedReader out = process.inputReader()) {
            int port = Integer.parseInt(await(out, "port ").substring(5));
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
                client.setSoTimeout(20_000);
                client.getOutputStream().write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                await(out, "begun");
                process.toHandle().destroy(); // SIGTERM; Process.destroy would close the streams as well
                String answer = new String(client.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
                assertTrue(answer.endsWith("slow but done"), answer);
                assertTrue(answer.contains("connection: close"), answer);
            }
            await(out, "run has returned");
            assertTrue(process.waitFor(20, TimeUnit.SECONDS));
            assertEquals(128 + 15, process.exitValue());
        } finally {
            process.destroyForcibly();
        }
    }

    private static Process start() throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (argument.startsWith("--")) {
                command.add(argument);
            }
        }
        command.addAll(List.of("-Xmx256m", "-cp", System.getProperty("java.class.path"), Main.class.getName()));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private static String await(BufferedReader out, String beginning) throws IOException {
        StringBuilder seen = new StringBuilder();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.startsWith(beginning)) {
                return line;
            }
            seen.append(line).append('\n');
        }
        throw new AssertionError("the process ended without: " + beginning + "\n" + seen);
    }
}
