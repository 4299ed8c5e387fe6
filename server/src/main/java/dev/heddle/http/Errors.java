package dev.heddle.http;

import dev.heddle.context.TaskFailedException;
import dev.heddle.sched.LogText;
import java.nio.file.FileSystemException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Turns what handlers and middleware throw into answers, at the place where the middleware around it sees the answer
 * ({@link App#wrap}). The handler registered for the nearest class answers; else an {@link HttpException} answers as itself
 * and anything else with 500, of which the client learns nothing but that, and the log everything.
 *
 * <p>What a task of a {@link dev.heddle.context.TaskGroup} threw is answered as if the handler had thrown it. So is what the
 * client has caused ({@link ClientFault}), in whatever a library has wrapped it, unless there is a handler for the wrapping.
 */
final class Errors {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);
    private static final int BAD_REQUEST = 400;
    private static final int INTERNAL_ERROR = 500;

    private final Map<Class<?>, App.ErrorHandler<?>> handlers = new HashMap<>();

    /** By class; of {@link FileSystemException} and its subclasses, so there are few. */
    private final Map<Class<?>, Seldom> troubles = new ConcurrentHashMap<>();

    Errors() {
        // what the first error needs is loaded now: without descriptors no class can be read from a directory
        Problem.json(INTERNAL_ERROR, LogText.clean(""));
        LogText.clean(new Exception("\n"));
        ClientFault.isGone(new ClientFault.Refusal(BAD_REQUEST, null));
        new Seldom(0).pass(0);
    }

    <E extends Throwable> void on(Class<E> type, App.ErrorHandler<? super E> handler) {
        if (handlers.putIfAbsent(type, handler) != null) {
            throw new IllegalArgumentException("onError: " + type.getName() + " has a handler already");
        }
    }

    /**
     * Gives the answer for an error.
     *
     * @throws Exception (any throwable) the error, or another one, if there can be no answer any more
     */
    void answer(Ctx c, Throwable thrown) throws Exception {
        Response response = c.response();
        passOn(c, thrown);
        Throwable error = meant(thrown);
        App.ErrorHandler<?> handler = find(error.getClass());
        Throwable left = handler == null ? error : handled(handler, c, error);
        if (left != null) {
            standard(c, left);
        }
        response.answers(left == null ? error : left);
    }

    /** Throws what there can be no answer to. */
    private static void passOn(Ctx c, Throwable thrown) throws Exception {
        boolean gone = ClientFault.isGone(thrown) || c.isClientGone() && ClientFault.isEndOfWait(thrown);
        if (gone || c.response().isCommitted()) {
            c.response().brokenBy(thrown);
            throw Errors.<RuntimeException>unchecked(thrown);
        }
    }

    @SuppressWarnings("unchecked") // the compiler's distinction of throwables does not exist at run time
    private static <T extends Throwable> T unchecked(Throwable thrown) throws T {
        throw (T) thrown;
    }

    private Throwable meant(Throwable thrown) {
        Throwable error = thrown;
        if (thrown instanceof TaskFailedException && !handlers.containsKey(TaskFailedException.class)) {
            error = thrown.getCause();
        }
        Throwable refusal = error instanceof HttpException ? null : ClientFault.in(error);
        return refusal != null && find(error.getClass()) == null ? refusal : error;
    }

    /** An {@link HttpException} is an answer by itself: handlers for classes above it do not get it. */
    private App.ErrorHandler<?> find(Class<?> type) {
        for (Class<?> t = type; t != null; t = t.getSuperclass()) {
            App.ErrorHandler<?> handler = handlers.get(t);
            if (handler != null) {
                return handler;
            }
            if (t == HttpException.class) {
                return null;
            }
        }
        return null;
    }

    /** Returns what is still to be answered: nothing, or what the handler has thrown. */
    private static Throwable handled(App.ErrorHandler<?> handler, Ctx c, Throwable error) throws Exception {
        Response response = c.response();
        response.reset();
        try {
            handle(handler, c, error);
            response.checkWhole();
            if (response.status() >= INTERNAL_ERROR) {
                response.failedWith(error.getClass().getName());
            }
            return null;
        } catch (Throwable second) {
            passOn(c, second);
            if (second != error) {
                second.addSuppressed(error);
            }
            return second;
        }
    }

    @SuppressWarnings("unchecked") // on() ties class and handler together
    private static void handle(App.ErrorHandler<?> handler, Ctx c, Throwable error) throws Exception {
        ((App.ErrorHandler<Throwable>) handler).handle(c, error);
    }

    /** Gives the standard answer. Throws nothing, as long as nothing has been sent. */
    void standard(Ctx c, Throwable error) {
        Response response = c.response();
        response.reset();
        if (error instanceof HttpException e) {
            try {
                e.headers().forEach(header -> response.header(header.getKey(), header.getValue()));
                response.problem(e.status(), e.detail());
                log(c, e);
                return;
            } catch (RuntimeException bad) { // a subclass that says impossible things
                bad.addSuppressed(error);
                response.reset();
                internal(c, bad);
                return;
            }
        }
        internal(c, error);
    }

    /** What a client may cause is for those who look for it. */
    private static void log(Ctx c, HttpException e) {
        boolean ofServer = e.status() >= INTERNAL_ERROR;
        if (ofServer || e.getCause() != null && LOG.isDebugEnabled()) {
            LOG.atLevel(ofServer ? Level.WARN : Level.DEBUG)
                    .setCause(LogText.clean(e.getCause()))
                    .log("{} (route {}): {}", c.requestLine(), c.route(), LogText.clean(e.getMessage()));
        }
    }

    private void internal(Ctx c, Throwable error) {
        c.response().problem(INTERNAL_ERROR, null);
        c.response().failedWith(error.getClass().getName());
        long left = error instanceof FileSystemException ? pass(error) : 0;
        if (left != Seldom.NOT_NOW || LOG.isDebugEnabled()) {
            LOG.atLevel(left == Seldom.NOT_NOW ? Level.DEBUG : Level.ERROR)
                    .setCause(LogText.clean(error))
                    .log(
                            "{} (route {}) failed in goroutine {}{}",
                            c.requestLine(),
                            c.route(),
                            Exchange.goroutine(),
                            left > 0 ? "; so did " + left + " before it that are not in the log" : "");
        }
    }

    /** A file system that fails, fails for every client who asks: an entry for each would fill it, too. */
    private long pass(Throwable error) {
        long now = System.nanoTime();
        return troubles.computeIfAbsent(error.getClass(), _ -> new Seldom(now)).pass(now);
    }
}
