package dev.heddle.http;

import dev.heddle.sched.LogText;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The observers of one server. What they throw is logged, once, and hurts no request. */
final class Observers {
    static final String SCHEME = "http";

    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    private final RequestObserver[] all;
    private final AtomicBoolean failed = new AtomicBoolean();

    Observers(List<RequestObserver> all) {
        this.all = all.toArray(RequestObserver[]::new);
    }

    void started(String method) {
        for (RequestObserver observer : all) {
            try {
                observer.started(method, SCHEME);
            } catch (RuntimeException e) {
                failed(observer, e);
            }
        }
    }

    void finished(Exchange exchange, Response response, String route) {
        if (all.length == 0) {
            return;
        }
        RequestObserver.Finished request = new RequestObserver.Finished(
                exchange.methodLabel(),
                route,
                response.sentStatus(),
                exchange.protocolVersion(),
                SCHEME,
                response.errorType(),
                System.nanoTime() - exchange.arrivedNanos);
        for (RequestObserver observer : all) {
            try {
                observer.finished(request);
            } catch (RuntimeException e) {
                failed(observer, e);
            }
        }
    }

    private void failed(RequestObserver observer, RuntimeException e) {
        if (!failed.getAndSet(true)) {
            LOG.error("observer {} failed; further failures of observers are not logged", observer, LogText.clean(e));
        }
    }
}
