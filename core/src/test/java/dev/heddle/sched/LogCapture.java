package dev.heddle.sched;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.slf4j.LoggerFactory;

/** Collects what schedulers log from its creation until it is closed. */
final class LogCapture implements AutoCloseable {
    private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(Scheduler.class);
    private final boolean additive = logger.isAdditive();
    private final UnsynchronizedAppenderBase<ILoggingEvent> appender = new UnsynchronizedAppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            boolean first = events.isEmpty();
            events.add(event);
            if (first) {
                block();
            }
        }
    };
    private final BooleanSupplier goOn;
    private volatile boolean closed;

    private LogCapture(boolean onlyHere, BooleanSupplier goOn) {
        this.goOn = goOn;
        appender.start();
        logger.addAppender(appender);
        if (onlyHere) {
            logger.setAdditive(false);
        }
    }

    /** Collects, and keeps what is expected off the console. */
    static LogCapture quiet() {
        return new LogCapture(true, () -> true);
    }

    /** Collects quietly, and lets whoever logs first wait until the condition holds, or until this is closed. */
    static LogCapture blockedUntil(BooleanSupplier condition) {
        return new LogCapture(true, condition);
    }

    /** Collects beside the console: for tests that expect nothing. */
    static LogCapture watch() {
        return new LogCapture(false, () -> true);
    }

    /** Bounded, so that a failed test comes to its end. */
    private void block() {
        long begin = System.nanoTime();
        while (!goOn.getAsBoolean() && !closed && System.nanoTime() - begin < 2 * Waiting.LIMIT.toNanos()) {
            LockSupport.parkNanos(100_000);
        }
    }

    List<ILoggingEvent> events() {
        return events;
    }

    /** The texts of what was logged at that level. */
    List<String> messages(Level level) {
        return events.stream()
                .filter(event -> event.getLevel() == level)
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
    }

    /** Fails if scheduler code or a goroutine has thrown. */
    void assertNoErrors() {
        List<String> errors = events.stream()
                .filter(event -> event.getLevel() == Level.ERROR)
                .map(event -> event.getFormattedMessage()
                        + (event.getThrowableProxy() == null
                                ? ""
                                : ": " + event.getThrowableProxy().getClassName() + ": "
                                        + event.getThrowableProxy().getMessage()))
                .toList();
        if (!errors.isEmpty()) {
            throw new AssertionError(errors.size() + " errors were logged, first: " + errors.getFirst());
        }
    }

    @Override
    public void close() {
        closed = true;
        logger.detachAppender(appender);
        logger.setAdditive(additive);
    }
}
