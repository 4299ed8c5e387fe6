package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.lang.ref.WeakReference;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/** Fails a test class after which Netty's leak detector has something to report. */
final class NoLeaks implements BeforeAllCallback, AfterAllCallback {
    private static final Logger DETECTOR = (Logger) LoggerFactory.getLogger(ResourceLeakDetector.class);

    private final ListAppender<ILoggingEvent> reports = new ListAppender<>();

    @Override
    public void beforeAll(ExtensionContext context) {
        assertEquals(ResourceLeakDetector.Level.PARANOID, ResourceLeakDetector.getLevel(), "leak detection");
        reports.start();
        DETECTOR.addAppender(reports);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        WeakReference<Object> garbage = new WeakReference<>(new Object());
        Await.until("a garbage collection", () -> {
            System.gc();
            return garbage.get() == null;
        });
        for (int i = 0; i < 10; i++) { // the detector reports when something is allocated
            ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer(16);
            buffer.release();
        }
        DETECTOR.detachAppender(reports);
        List<String> leaks =
                reports.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
        assertEquals(List.of(), leaks, "leaked buffers");
    }
}
