package dev.heddle.http;

import dev.heddle.context.TaskFailedException;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns what handlers throw into answers. The handler registered for the nearest class answers; else an {@link HttpException}
 * answers as itself and anything else with 500, of which the client learns nothing but that, and the log everything. What a
 * task of a {@link dev.heddle.context.TaskGroup} threw is answered as if the handler had thrown it.
 */
final class Errors {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);
    private static final int INTERNAL_ERROR = 500;

    private final Map<Class<?>, App.ErrorHandler<?>> handlers = new HashMap<>();

    <E extends Throwable> void on(Class<E> type, App.ErrorHandler<? super E> handler) {
        if (handlers.putIfAbsent(type, handler) != null) {
            throw new IllegalArgumentException("onError: " + type.getName() + " has a handler already");
        }
    }

    /**
     * Gives the answer for an error.
     *
     * @throws Throwable the error, or another one, if there can be no answer any more
     */
    void answer(Ctx c, Response response, Throwable thrown) throws Throwable {
        Throwable error = ofTask(thrown);
        if (response.isCommitted() || error instanceof ClientGoneException) {
            throw error;
        }
        response.reset();
        App.ErrorHandler<?> handler = find(error.getClass());
        if (handler == null) {
            standard(c, response, error);
            return;
        }
        try {
            handle(handler, c, error);
            if (response.status() >= INTERNAL_ERROR) {
                response.failedWith(error.getClass().getName());
            }
        } catch (Throwable second) {
            if (response.isCommitted() || second instanceof ClientGoneException) {
                throw second;
            }
            if (second != error) {
                second.addSuppressed(error);
            }
            response.reset();
            standard(c, response, second);
        }
    }

    private Throwable ofTask(Throwable thrown) {
        boolean wrapped = thrown instanceof TaskFailedException && !handlers.containsKey(TaskFailedException.class);
        return wrapped ? thrown.getCause() : thrown;
    }

    private App.ErrorHandler<?> find(Class<?> type) {
        for (Class<?> t = type; t != null; t = t.getSuperclass()) {
            App.ErrorHandler<?> handler = handlers.get(t);
            if (handler != null) {
                return handler;
            }
        }
        return null;
    }

    @SuppressWarnings("unchecked") // on() ties class and handler together
    private static void handle(App.ErrorHandler<?> handler, Ctx c, Throwable error) throws Exception {
        ((App.ErrorHandler<Throwable>) handler).handle(c, error);
    }

    private static void standard(Ctx c, Response response, Throwable error) {
        if (error instanceof HttpException e) {
            e.headers().forEach(header -> response.header(header.getKey(), header.getValue()));
            response.problem(e.status(), e.detail());
            if (e.status() >= INTERNAL_ERROR) {
                LOG.warn("{} (route {}): {}", c.requestLine(), c.route(), e.getMessage(), e.getCause());
            }
            return;
        }
        LOG.error("{} (route {}) failed in goroutine {}", c.requestLine(), c.route(), Exchange.goroutine(), error);
        response.problem(INTERNAL_ERROR, null);
        response.failedWith(error.getClass().getName());
    }
}
