package dev.heddle.netpoll;

import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test class that has lost a buffer. To be the first thing in a JVM that touches Netty's buffers. */
public final class Leaks implements BeforeAllCallback, AfterAllCallback {
    /** Collections after which a lost buffer is certain to be known. */
    private static final int ROUNDS = 5;

    private static final ConcurrentLinkedQueue<String> FOUND = new ConcurrentLinkedQueue<>();

    static {
        ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new ResourceLeakDetectorFactory() {
            @Deprecated
            @Override
            public <T> ResourceLeakDetector<T> newResourceLeakDetector(Class<T> type, int interval, long maxActive) {
                return new Collecting<>(type, 1);
            }

            @Override
            public <T> ResourceLeakDetector<T> newResourceLeakDetector(Class<T> type, int interval) {
                return new Collecting<>(type, 1);
            }
        });
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
    }

    private static final class Collecting<T> extends ResourceLeakDetector<T> {
        Collecting(Class<?> type, int interval) {
            super(type, interval);
        }

        @Override
        protected boolean needReport() {
            return true;
        }

        @Override
        protected void reportTracedLeak(String type, String records) {
            FOUND.add(type + records);
        }

        @Override
        protected void reportUntracedLeak(String type) {
            FOUND.add(type);
        }
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        FOUND.clear();
    }

    @Override
    public void afterAll(ExtensionContext context) throws Exception {
        collect();
        if (!FOUND.isEmpty()) {
            throw new AssertionError("lost buffers: " + FOUND);
        }
    }

    /** Makes lost buffers known. Returns how many there are. */
    static int collect() throws InterruptedException {
        for (int i = 0; i < ROUNDS; i++) {
            System.gc();
            Thread.sleep(10); // the JVM's reference handler needs a moment
            ByteBufAllocator.DEFAULT.directBuffer(1).release(); // lost ones are reported when one is made
        }
        return FOUND.size();
    }

    static void forget() {
        FOUND.clear();
    }
}
