package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.heddle.sched.Goroutine;
import dev.heddle.sched.SchedulerConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Starts the whole server hundreds of times while other threads take the processors, with handlers that sleep, and asks for
 * every answer: a wake-up that is lost once in a thousand starts hangs here. Lengthen with
 * {@code -Dheddle.coldstarts=2000}.
 */
class ColdStartTest {
    private static final int STARTS = Integer.getInteger("heddle.coldstarts", 200);
    private static final int CLIENTS = 8;
    private static final int REQUESTS = 5;

    /** One start: far beyond what a start takes on a machine with ten times as many busy threads as processors. */
    private static final long LIMIT_SECONDS = 60;

    private enum Nap {
        OURS {
            @Override
            void take() throws InterruptedException {
                Goroutine.sleep(Duration.ofMillis(2));
            }
        },
        JDK {
            @Override
            void take() throws InterruptedException {
                Thread.sleep(2);
            }
        },
        BOTH {
            @Override
            void take() throws InterruptedException {
                Goroutine.sleep(Duration.ofMillis(1));
                Thread.sleep(1);
            }
        };

        abstract void take() throws InterruptedException;
    }

    @Test
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void noneHangs() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        List<Thread> busy = new ArrayList<>();
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        try {
            for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
                busy.add(Thread.ofPlatform().daemon(true).start(() -> {
                    while (!done.get()) {
                        Thread.onSpinWait();
                    }
                }));
            }
            for (int i = 0; i < STARTS; i++) {
                start(i, clients);
            }
        } finally {
            done.set(true);
            clients.shutdownNow();
            for (Thread thread : busy) {
                thread.join();
            }
        }
        Await.until("all threads of all servers have ended", () -> threadsOf("cold").isEmpty());
    }

    private static void start(int number, ExecutorService clients) throws Exception {
        Nap nap = Nap.values()[number % Nap.values().length];
        SchedulerConfig scheduler =
                SchedulerConfig.defaults().withName("cold" + number).withProcs(1 + number % 3);
        App app = App.create().with(Servers.config().withScheduler(scheduler)).get("/nap", c -> {
            nap.take();
            c.text("rested");
        });
        try (Server server = app.start()) {
            List<Future<Void>> all = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                all.add(clients.submit(client(server)));
            }
            for (Future<Void> one : all) {
                await(one, number, server);
            }
            assertTrue(server.stop(Duration.ofSeconds(20)), "start " + number + ": requests were cut off");
        }
    }

    private static Callable<Void> client(Server server) {
        return () -> {
            try (RawClient client = RawClient.to(server)) {
                for (int i = 0; i < REQUESTS; i++) {
                    assertEquals("rested", client.get("/nap").read().text());
                }
            }
            return null;
        };
    }

    private static void await(Future<Void> client, int number, Server server) throws Exception {
        try {
            client.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            fail("start " + number + ": " + e + "\n" + server.scheduler().dump() + server.netpollStats(), e);
        }
    }

    private static Set<String> threadsOf(String prefix) {
        Set<String> names = new java.util.TreeSet<>();
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().startsWith(prefix)) {
                names.add(thread.getName());
            }
        }
        return names;
    }
}
