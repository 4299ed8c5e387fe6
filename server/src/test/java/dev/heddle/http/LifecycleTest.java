package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.sched.Scheduler;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Starts that fail, stops that come at a bad moment, and what both leave behind. */
@HttpTest
class LifecycleTest {
    private static final Duration LONGEST = Duration.ofSeconds(Long.MAX_VALUE);

    private final List<String> order = Collections.synchronizedList(new ArrayList<>());

    private App app(ServerConfig config) {
        return App.create()
                .with(config)
                .get("/", c -> c.text("hello"))
                .onStart(_ -> order.add("open 1"))
                .onStop(_ -> order.add("close 1"))
                .onStart(_ -> order.add("open 2"))
                .onStop(_ -> order.add("close 2"));
    }

    /** Platform threads of schedulers with this name. */
    private static List<String> threads(String name) {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(each -> each.startsWith(name + "-"))
                .toList();
    }

    private static ServerConfig named(String name) {
        ServerConfig config = Servers.config();
        return config.withScheduler(config.scheduler().withName(name));
    }

    // ---- starts

    @Test
    void aPortThatIsInUseIsFoundBeforeAnythingIsStarted() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            App app = app(named("in-use").withPort(taken.getLocalPort()));
            IOException e = assertThrows(IOException.class, app::start);
            assertEquals("bind 127.0.0.1:" + taken.getLocalPort() + ": Address already in use", e.getMessage());
            assertEquals(List.of(), order);
            assertEquals(List.of(), threads("in-use"));
            app.get("/other", c -> c.text("there"));
            try (Server server = app.listen(0);
                    RawClient client = RawClient.to(server)) {
                assertEquals("hello", client.get("/").read().text());
                assertEquals("there", client.get("/other").read().text());
                assertThrows(IllegalStateException.class, app::start, "it is running");
            }
        }
        assertEquals(List.of("open 1", "open 2", "close 1", "close 2"), order);
    }

    @Test
    void anAddressThatIsNotOursIsFoundAsWell() {
        App app = app(named("not-ours").withHost("192.0.2.1"));
        IOException e = assertThrows(IOException.class, app::start);
        assertTrue(e.getMessage().startsWith("bind 192.0.2.1:0: "), e.getMessage());
        assertEquals(List.of(), threads("not-ours"));
    }

    /** Somebody else may come in between: what the actions at the start have opened is closed. */
    @Test
    void aPortThatIsTakenDuringTheStart() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        AtomicReference<ServerSocket> taken = new AtomicReference<>();
        App app = app(named("taken").withPort(port)).onStart(_ -> {
            try {
                if (taken.get() == null) {
                    taken.set(new ServerSocket(port, 1, InetAddress.getLoopbackAddress()));
                }
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        assertThrows(IOException.class, app::start);
        assertEquals(List.of("open 1", "open 2", "close 1", "close 2"), order);
        Await.until("all threads have ended", () -> threads("taken").isEmpty());
        taken.get().close();
        app.start().close();
        assertEquals(8, order.size());
    }

    @Test
    void whatWasOpenedBeforeTheActionThatFailsIsClosed() throws IOException {
        AtomicReference<Throwable> thrown = new AtomicReference<>(new LinkageError("not today"));
        App app = App.create()
                .with(named("failing"))
                .onStop(_ -> order.add("close 0"))
                .onStart(_ -> order.add("open 1"))
                .onStop(_ -> {
                    order.add("close 1");
                    throw new StackOverflowError("nor this");
                })
                .onStop(_ -> order.add("close 1 again"))
                .onStart(_ -> {
                    if (thrown.getAndSet(null) instanceof Error e) {
                        throw e;
                    }
                })
                .onStop(_ -> order.add("close 2"))
                .onStart(_ -> order.add("open 3"))
                .onStop(_ -> order.add("close 3"));
        try (Logs logs = new Logs()) {
            assertEquals("not today", assertThrows(LinkageError.class, app::start).getMessage());
            assertEquals(1, logs.with("an action at the stop failed").size());
            assertEquals(List.of("open 1", "close 0", "close 1", "close 1 again"), order);
            Await.until("all threads have ended", () -> threads("failing").isEmpty());
            order.clear();
            app.start().close();
        }
        assertEquals(
                List.of("open 1", "open 3", "close 0", "close 1", "close 1 again", "close 2", "close 3"), order);
    }

    @Test
    void nothingIsClosedIfNothingWasOpened() {
        App app = App.create()
                .with(named("nothing"))
                .onStop(_ -> order.add("close 0"))
                .onStart(_ -> {
                    throw new IllegalStateException("not today");
                });
        assertThrows(IllegalStateException.class, app::start);
        assertEquals(List.of(), order);
    }

    // ---- stops during the start

    @Test
    void aStopDuringTheStartEndsIt() throws Exception {
        CompletableFuture<Server> started = new CompletableFuture<>();
        CompletableFuture<Boolean> stopped = new CompletableFuture<>();
        App app = app(named("early")).onStart(server -> {
            started.complete(server);
            Thread.ofPlatform().start(() -> stopped.complete(server.stop(LONGEST)));
            Await.until("it is stopped", server::isDraining);
        });
        App last = app.onStart(_ -> order.add("too late"));
        IllegalStateException e = assertThrows(IllegalStateException.class, last::start);
        assertEquals("start: the server was stopped meanwhile", e.getMessage());
        assertFalse(stopped.get(20, TimeUnit.SECONDS));
        assertEquals(List.of("open 1", "open 2", "close 1", "close 2"), order);
        assertFalse(started.get().stop(), "again");
        started.get().awaitStop();
        Await.until("all threads have ended", () -> threads("early").isEmpty());
    }

    @Test
    void aStopDuringTheStartHasADeadline() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        CompletableFuture<Boolean> stopped = new CompletableFuture<>();
        App app = app(named("stuck")).onStart(server -> {
            Thread.ofPlatform().start(() -> stopped.complete(server.stop(Duration.ofMillis(20))));
            try {
                go.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        CompletableFuture<Throwable> failed = CompletableFuture.supplyAsync(() -> assertThrows(Throwable.class, app::start));
        assertFalse(stopped.get(20, TimeUnit.SECONDS));
        go.countDown();
        assertEquals(Lifecycle.StoppedException.class, failed.get(20, TimeUnit.SECONDS).getClass());
    }

    @Test
    void runReturnsIfItIsStoppedDuringTheStart() throws Exception {
        CompletableFuture<Boolean> stopped = new CompletableFuture<>();
        app(named("run")).onStart(server -> {
                    Thread.ofPlatform().start(() -> stopped.complete(server.stop(Duration.ZERO)));
                    Await.until("it is stopped", server::isDraining);
                })
                .run();
        stopped.get(20, TimeUnit.SECONDS);
    }

    @Test
    void anActionAtTheStartCannotStopTheServer() {
        IllegalStateException e =
                assertThrows(IllegalStateException.class, () -> app(named("self")).onStart(Server::close).start());
        assertTrue(e.getMessage().contains("the thread that starts the server"), e.getMessage());
        e = assertThrows(
                IllegalStateException.class,
                () -> app(named("self")).onStart(LifecycleTest::awaitStop).start());
        assertTrue(e.getMessage().contains("starts or stops"), e.getMessage());
    }

    private static void awaitStop(Server server) {
        try {
            server.awaitStop();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    // ---- stops

    @ParameterizedTest
    @ValueSource(longs = {Long.MAX_VALUE, Long.MAX_VALUE / 1_000_000_000, Long.MIN_VALUE, -1, 0})
    void anyGraceWorks(long seconds) throws IOException {
        Server server = app(named("any")).start();
        assertTrue(server.stop(Duration.ofSeconds(seconds)));
        assertTrue(server.stop(Duration.ofSeconds(seconds)), "again");
    }

    @Test
    void theLongestGraceCanBeShortened() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        Server server = Servers.start(App.create().get("/", _ -> {
            begun.countDown();
            Thread.sleep(Duration.ofMinutes(5));
        }));
        try (RawClient client = RawClient.to(server);
                Logs logs = new Logs()) {
            client.get("/");
            assertTrue(begun.await(20, TimeUnit.SECONDS));
            CompletableFuture<Boolean> first = CompletableFuture.supplyAsync(() -> server.stop(LONGEST));
            Await.until("draining", server::isDraining);
            CompletableFuture<Boolean> second = CompletableFuture.supplyAsync(() -> server.stop(LONGEST));
            server.close();
            assertFalse(first.get(20, TimeUnit.SECONDS));
            assertFalse(second.get(20, TimeUnit.SECONDS));
            assertEquals(1, logs.with("1 requests are cut off after the grace").size());
        }
    }

    @Test
    void noGraceAtAllIsRefusedBeforeAnythingHappens() throws IOException {
        try (Server server = app(named("null")).start()) {
            assertThrows(NullPointerException.class, () -> server.stop(null));
            assertFalse(server.isDraining());
        }
    }

    @Test
    void eachActionAtTheStopIsRunWhateverTheOthersThrow() throws IOException {
        App app = app(named("errors")).onStop(_ -> {
            throw new LinkageError("meant");
        });
        for (int i = 0; i < 2; i++) {
            app.onStop(_ -> {
                throw new AssertionError("meant");
            });
        }
        app.onStop(_ -> order.add("last"));
        try (Logs logs = new Logs()) {
            assertTrue(app.start().stop());
            assertEquals(3, logs.with("an action at the stop failed").size());
        }
        assertEquals("last", order.getLast());
    }

    /** A bundle of resources that closes the server as well. */
    @Test
    void anActionAtTheStopMayStopItAgain() throws IOException {
        App app = app(named("again")).onStop(server -> {
            server.close();
            assertFalse(server.stop(LONGEST));
            assertThrows(IllegalStateException.class, server::awaitStop);
            order.add("last");
        });
        assertTrue(app.start().stop(Duration.ofMinutes(1)));
        assertEquals("last", order.getLast());
    }

    @Test
    void anInterruptEndsTheGraceOfWhoWaits() throws Exception {
        for (boolean first : new boolean[] {true, false}) {
            CountDownLatch begun = new CountDownLatch(1);
            Server server = Servers.start(App.create().get("/", _ -> {
                begun.countDown();
                Thread.sleep(Duration.ofMinutes(5));
            }));
            try (RawClient client = RawClient.to(server)) {
                client.get("/");
                assertTrue(begun.await(20, TimeUnit.SECONDS));
                CompletableFuture<Boolean> other = null;
                if (!first) {
                    other = CompletableFuture.supplyAsync(() -> server.stop(LONGEST));
                    Await.until("draining", server::isDraining);
                }
                Thread.currentThread().interrupt();
                assertFalse(server.stop(LONGEST));
                assertTrue(Thread.interrupted());
                if (other != null) {
                    assertFalse(other.get(20, TimeUnit.SECONDS));
                }
            }
        }
    }

    @Test
    void aGoroutineOfAnotherSchedulerMayStopIt() throws Exception {
        try (Scheduler scheduler = Scheduler.start()) {
            Server server = app(named("other")).start();
            CompletableFuture<Boolean> result = new CompletableFuture<>();
            scheduler.go(() -> result.complete(server.stop(LONGEST)));
            assertTrue(result.get(20, TimeUnit.SECONDS));
        }
    }

    /** Each ends the goroutine that stops the other, which must not matter to that one. */
    @Test
    void twoServersMayStopEachOther() throws Exception {
        Server first = app(named("first")).start();
        Server second = app(named("second")).start();
        first.scheduler().go(() -> second.stop(LONGEST));
        second.scheduler().go(() -> first.stop(LONGEST));
        first.awaitStop();
        second.awaitStop();
        assertEquals(8, order.size());
        assertTrue(first.stop());
        assertTrue(second.stop());
    }
}
