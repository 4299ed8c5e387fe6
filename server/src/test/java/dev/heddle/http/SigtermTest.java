package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Goroutine;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A whole process that is told to end, or ends itself. */
@Timeout(120)
class SigtermTest {
    private static final int SIGTERM_STATUS = 128 + 15;
    private static final int OWN_STATUS = 7;

    /** Longer than a test waits: who waits for it has failed. */
    private static final Duration LONG = Duration.ofMinutes(5);

    /** The process. Its arguments say what it does at which moment. */
    static final class Main {
        private static final CountDownLatch NEVER = new CountDownLatch(1);

        private Main() {}

        public static void main(String[] args) throws Exception {
            String mode = args[0];
            ServerConfig config = Servers.config().withShutdownHook(true).withDrainGrace(LONG);
            App app = App.create()
                    .with(config)
                    .get("/slow", c -> {
                        System.out.println("begun");
                        Goroutine.sleep(Duration.ofMillis(700));
                        c.text("slow but done");
                    })
                    .get("/stubborn", _ -> {
                        System.out.println("begun");
                        Goroutine.sleep(LONG);
                    })
                    .get("/exit", _ -> exit())
                    .onStop(_ -> System.out.println("stop of " + mode));
            switch (mode) {
                case "exit at the start" -> app.onStart(_ -> exit());
                case "exit at the stop" -> app.onStop(_ -> exit());
                case "hang at the start" -> app.onStart(_ -> hang());
                case "hang at the stop" -> app.onStop(_ -> hang());
                case "exit from outside" -> app.onStart(server -> Thread.ofPlatform().start(() -> {
                    Await.until("draining", server::isDraining);
                    exit();
                }));
                case "two" -> listen(app.start());
                default -> {}
            }
            if (mode.equals("two")) {
                listen(App.create().with(config).onStop(_ -> System.out.println("stop of the other")).start());
                NEVER.await();
            }
            try (Server server = app.start()) {
                listen(server);
                server.awaitStop();
            }
            System.out.println("run has returned");
        }

        private static void listen(Server server) {
            System.out.println("port " + server.port());
        }

        private static void exit() {
            System.out.println("exit");
            System.exit(OWN_STATUS);
        }

        private static void hang() {
            System.out.println("hangs");
            try {
                NEVER.await();
            } catch (InterruptedException e) {
                System.out.println("interrupted");
            }
        }
    }

    private static int port(ServerProcess process) throws InterruptedException {
        return Integer.parseInt(process.line("port ").substring(5));
    }

    private static Socket get(int port, String target) throws IOException {
        Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
        client.setSoTimeout(20_000);
        String request = "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
        client.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        return client;
    }

    private static String rest(Socket client) throws IOException {
        return new String(client.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    }

    @Test
    void requestsInFlightFinishAndRunReturns() throws Exception {
        try (ServerProcess process = ServerProcess.start(Main.class, "plain")) {
            try (Socket client = get(port(process), "/slow")) {
                process.line("begun");
                process.terminate();
                String answer = rest(client);
                assertTrue(answer.endsWith("slow but done"), answer);
                assertTrue(answer.contains("connection: close"), answer);
            }
            process.line("stop of plain");
            process.line("run has returned");
            assertEquals(SIGTERM_STATUS, process.status());
        }
    }

    /** The JVM by itself does nothing about further signals once its hooks run. */
    @Test
    void theSecondSignalEndsTheGrace() throws Exception {
        try (ServerProcess process = ServerProcess.start(Main.class, "plain");
                Socket client = get(port(process), "/stubborn")) {
            process.line("begun");
            process.terminate();
            process.terminate(); // one order still: this comes too soon
            again(process);
            process.line("stop of plain");
            process.line("run has returned");
            assertEquals(SIGTERM_STATUS, process.status());
        }
    }

    /** Sends further signals until one counts, which the process says unless it has ended by then. */
    private static void again(ServerProcess process) throws InterruptedException {
        assertTrue(process.isAlive());
        do {
            process.terminate();
        } while (process.lineWithin("told again to end", 1_000) == null && process.isAlive());
    }

    @Test
    void theThirdSignalEndsTheProcess() throws Exception {
        try (ServerProcess process = ServerProcess.start(Main.class, "hang at the stop")) {
            port(process);
            process.terminate();
            process.line("hangs");
            while (process.isAlive()) {
                process.terminate();
                assertNull(process.lineWithin("run has returned", 350));
            }
            assertEquals(SIGTERM_STATUS, process.status());
        }
    }

    /** The one that waits for the JVM to end is not waited for, the other one is. */
    @Test
    void exitInAHandlerWaitsForTheOthersOnly() throws Exception {
        try (ServerProcess process = ServerProcess.start(Main.class, "plain")) {
            int port = port(process);
            try (Socket slow = get(port, "/slow");
                    Socket exit = get(port, "/exit");
                    Socket again = get(port, "/exit")) {
                process.line("exit");
                String answer = rest(slow);
                assertTrue(answer.endsWith("slow but done"), answer);
                process.line("System.exit");
                process.line("stop of plain");
                assertEquals(OWN_STATUS, process.status());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"exit at the start", "exit at the stop", "exit from outside"})
    void exitAtABadMoment(String mode) throws Exception {
        try (ServerProcess process = ServerProcess.start(Main.class, mode)) {
            if (!mode.equals("exit at the start")) {
                port(process);
                process.terminate();
            }
            process.line("exit");
            int status = process.status(); // of whoever was first
            assertTrue(status == OWN_STATUS || status == SIGTERM_STATUS, "status " + status);
        }
    }

    @Test
    void aStartThatHangsDoesNotOutliveTheGrace() throws Exception {
        try (ServerProcess process = ServerProcess.start(Main.class, "hang at the start")) {
            process.line("hangs");
            process.terminate();
            again(process);
            assertEquals(SIGTERM_STATUS, process.status());
        }
    }

    @Test
    void twoServersOfOneProcess() throws Exception {
        try (ServerProcess process = ServerProcess.start(Main.class, "two")) {
            int first = port(process);
            int second = port(process);
            try (Socket client = get(first, "/slow");
                    Socket idle = get(second, "/")) {
                process.line("begun");
                process.terminate();
                process.line("stop of the other");
                process.line("stop of two");
                String answer = rest(client);
                assertTrue(answer.endsWith("slow but done"), answer);
                assertTrue(rest(idle).startsWith("HTTP/1.1 404 "));
            }
            assertEquals(SIGTERM_STATUS, process.status());
        }
    }
}
