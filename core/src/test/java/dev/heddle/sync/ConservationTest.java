package dev.heddle.sync;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Nothing lost, nothing twice: several senders and receivers on several channels, by every way there is to send and receive,
 * most of which may fail. What was sent, as the senders know it, is what was received.
 */
@Timeout(value = 60 * 60)
class ConservationTest {
    private static final int SENDERS = 3;
    private static final int RECEIVERS = 3;
    /** More than one sender can send in the build. */
    private static final int NUMBERS = 1 << 24;

    @ParameterizedTest
    @EnumSource
    void unbuffered(Crew.Kind kind) {
        conserves(kind, 0, 0);
    }

    @ParameterizedTest
    @EnumSource
    void buffered(Crew.Kind kind) {
        conserves(kind, 1, 3);
    }

    @ParameterizedTest
    @EnumSource
    void mixed(Crew.Kind kind) {
        conserves(kind, 0, 64);
    }

    private static void conserves(Crew.Kind kind, int capA, int capB) {
        long end = System.nanoTime() + Crew.stressNanos(400);
        try (Crew crew = new Crew(kind)) {
            Chan<Integer> a = new Chan<>(capA);
            Chan<Integer> b = new Chan<>(capB);
            Account sent = new Account();
            Account received = new Account();
            AtomicInteger sending = new AtomicInteger(SENDERS);
            for (int i = 0; i < SENDERS; i++) {
                int me = i;
                crew.go(() -> {
                    new Sender(a, b, sent, me).run(end);
                    if (sending.decrementAndGet() == 0) {
                        a.close();
                        b.close();
                    }
                });
            }
            for (int i = 0; i < RECEIVERS; i++) {
                int me = i;
                crew.go(() -> new Receiver(a, b, received, me).run());
            }
            crew.join();
            assertEquals(sent.count.get(), received.count.get());
            assertEquals(sent.sum.get(), received.sum.get());
            assertEquals(sent.mixed.get(), received.mixed.get());
            assertTrue(sent.count.get() > 100, sent.count + " sent");
            for (Chan<Integer> each : List.of(a, b)) {
                assertEquals(0, each.len());
                assertTrue(each.recvq.isEmpty() && each.sendq.isEmpty());
            }
        }
    }

    /** A sum, and a sum of scrambled values, which one value lost and another one twice would not leave alone. */
    private static final class Account {
        final AtomicLong count = new AtomicLong();
        final AtomicLong sum = new AtomicLong();
        final AtomicLong mixed = new AtomicLong();

        void add(int value) {
            count.incrementAndGet();
            sum.addAndGet(value);
            mixed.addAndGet((value + 1L) * (value + 1L) * 0x9E3779B97F4A7C15L);
        }
    }

    private static final class Sender {
        final Chan<Integer> a;
        final Chan<Integer> b;
        final Account account;
        final int me;
        final SplittableRandom random;
        final Select.Case<Integer> toA;
        final Select.Case<Integer> toB;
        final Select select;

        Sender(Chan<Integer> a, Chan<Integer> b, Account account, int me) {
            this.a = a;
            this.b = b;
            this.account = account;
            this.me = me;
            this.random = new SplittableRandom(me);
            this.toA = Select.send(a, 0);
            this.toB = Select.send(b, 0);
            this.select = me % 2 == 0 ? Select.of(toA, toB) : Select.of(toB, toA);
        }

        void run(long end) {
            for (int i = 0; i < NUMBERS && (i % 16 != 0 || System.nanoTime() < end); i++) {
                int value = me * NUMBERS + i;
                if (send(value)) {
                    account.add(value);
                }
            }
        }

        private boolean send(int value) {
            Chan<Integer> one = random.nextBoolean() ? a : b;
            switch (random.nextInt(6)) {
                case 0 -> {
                    return one.trySend(value);
                }
                case 1 -> {
                    return one.send(value, Duration.ofNanos(1 + random.nextInt(40_000)));
                }
                case 2 -> {
                    one.send(value);
                    return true;
                }
                default -> {
                    toA.value(value);
                    toB.value(value);
                    return switch (random.nextInt(3)) {
                        case 0 -> select.poll() >= 0;
                        case 1 -> select.await(Duration.ofNanos(1 + random.nextInt(40_000))) >= 0;
                        default -> select.await() >= 0;
                    };
                }
            }
        }
    }

    private static final class Receiver {
        final Chan<Integer> a;
        final Chan<Integer> b;
        final Account account;
        final int me;
        final SplittableRandom random;
        final Select.Case<Integer> fromA;
        final Select.Case<Integer> fromB;
        final Select select;

        Receiver(Chan<Integer> a, Chan<Integer> b, Account account, int me) {
            this.a = a;
            this.b = b;
            this.account = account;
            this.me = me;
            this.random = new SplittableRandom(100 + me);
            this.fromA = Select.receive(a);
            this.fromB = Select.receive(b);
            this.select = Select.of(fromA, fromB);
        }

        void run() {
            boolean open = true;
            while (open) {
                try {
                    Integer value = receive();
                    if (value != null) {
                        account.add(value);
                    }
                } catch (ChanClosedException e) {
                    open = false;
                }
            }
            for (int each : a) {
                account.add(each);
            }
            for (int each : b) {
                account.add(each);
            }
        }

        private Integer receive() {
            Chan<Integer> one = random.nextBoolean() ? a : b;
            return switch (random.nextInt(6)) {
                case 0 -> one.tryReceive();
                case 1 -> one.receive(Duration.ofNanos(1 + random.nextInt(40_000)));
                // one of them always looks at both channels, or all could wait at the one that nobody sends on
                case 2 -> me == 0 ? received(select.await()) : one.receive();
                default -> switch (random.nextInt(3)) {
                    case 0 -> received(select.poll());
                    case 1 -> received(select.await(Duration.ofNanos(1 + random.nextInt(40_000))));
                    default -> received(select.await());
                };
            };
        }

        private Integer received(int chosen) {
            if (chosen < 0) {
                return null;
            }
            Integer value = (chosen == 0 ? fromA : fromB).value();
            if (value == null) {
                throw new ChanClosedException("closed and drained");
            }
            return value;
        }
    }
}
