package dev.heddle.http;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import org.slf4j.LoggerFactory;

/** Keeps what the server logs, and keeps it off the console of the tests. */
final class Logs implements AutoCloseable {
    private final Logger logger = (Logger) LoggerFactory.getLogger(Server.class);
    private final ListAppender<ILoggingEvent> kept = new ListAppender<>();

    Logs() {
        logger.setLevel(Level.INFO);
        kept.start();
        logger.addAppender(kept);
        logger.setAdditive(false);
    }

    /** Returns what was logged so far and contains a text. */
    List<ILoggingEvent> with(String text) {
        synchronized (kept) {
            return List.copyOf(kept.list).stream()
                    .filter(event -> event.getFormattedMessage().contains(text))
                    .toList();
        }
    }

    @Override
    public void close() {
        logger.setLevel(null);
        logger.setAdditive(true);
        logger.detachAppender(kept);
    }
}
