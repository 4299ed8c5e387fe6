package dev.heddle.load.jmh;

import com.softwaremill.jox.Channel;
import dev.heddle.sync.Chan;
import dev.heddle.sync.Select;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;

/**
 * What does a select of two channels cost that both have a value? The value is put back each time, as in the measurements
 * of Go that this is compared with. Beside it jox, in a virtual thread of the JDK.
 */
public class SelectBenchmark extends Measured {
    private static final int VALUES = 1000;

    /** Heddle. */
    @Benchmark
    @OperationsPerInvocation(VALUES)
    public void heddle(Threads threads) throws InterruptedException {
        threads.inGoroutine(() -> {
            Chan<Integer> a = new Chan<>(1);
            Chan<Integer> b = new Chan<>(1);
            a.send(0);
            b.send(0);
            var fromA = Select.receive(a);
            var fromB = Select.receive(b);
            Select select = Select.of(fromA, fromB);
            for (int i = 0; i < VALUES; i++) {
                if (select.await() == 0) {
                    a.send(fromA.value());
                } else {
                    b.send(fromB.value());
                }
            }
        });
    }

    /** Jox. */
    @Benchmark
    @OperationsPerInvocation(VALUES)
    public void jox() throws InterruptedException {
        Threads.inVirtualThread(Threads.unchecked(() -> {
            Channel<Integer> a = Channel.newBufferedChannel(1);
            Channel<Integer> b = Channel.newBufferedChannel(1);
            a.send(0);
            b.send(0);
            for (int i = 0; i < VALUES; i++) {
                Object got = com.softwaremill.jox.Select.select(a.receiveClause(_ -> a), b.receiveClause(_ -> b));
                if (got == a) {
                    a.send(i);
                } else {
                    b.send(i);
                }
            }
        }));
    }
}
