package dev.heddle.http;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * An application: routes, middleware and settings. Filled by one thread, then started, after which it cannot be changed.
 *
 * {@snippet :
 * App.create()
 *         .get("/hello/{name}", c -> c.text("hello " + c.path("name").get()))
 *         .run();
 * }
 *
 * <p>Path templates: {@code {name}} stands for one segment, {@code {name...}} at the end for the rest, also an empty one. A
 * literal segment beats a parameter and that a rest. Two routes that match exactly the same requests are refused. HEAD is
 * served by the GET handler, whose body is not sent; OPTIONS, and 405 with {@code Allow}, come by themselves.
 */
public final class App {
    /** Gives the answer for an error. */
    @FunctionalInterface
    public interface ErrorHandler<E extends Throwable> {
        /**
         * Gives the answer for an error. Status, body, and headers that speak of a body, which were set before the error, are
         * forgotten.
         *
         * @param c the request and its answer
         * @param error what the handler threw
         * @throws Exception becomes an answer itself; {@code error} again gives the standard one
         */
        void handle(Ctx c, E error) throws Exception;
    }

    private final App parent;
    private final String prefix;
    /** The prefix as a template; null if this is the application itself. */
    private final Template template;
    private final List<Middleware> middleware = new ArrayList<>();

    // of the root only
    private final Router router;
    private final Errors errors;
    private final List<RequestObserver> observers = new ArrayList<>(0);
    private final List<Consumer<Server>> onStart = new ArrayList<>(0);
    private final List<Server.StopAction> onStop = new ArrayList<>(0);
    private ServerConfig config = ServerConfig.defaults();
    private Handler notFound;
    private JsonCodec json;
    private boolean started;

    /** Middleware around what no route matches; set when the application is started, before any request. */
    Chain unmatched;

    private App(App parent, String prefix, Router router, Errors errors) {
        this.parent = parent;
        this.prefix = prefix;
        this.template = parent == null ? null : Template.parse(prefix);
        this.router = router;
        this.errors = errors;
    }

    /** Returns an application without routes. */
    public static App create() {
        return new App(null, "", new Router(), new Errors());
    }

    // ---- routes

    /** Adds a route for GET, which serves HEAD too. See {@link #route}. */
    public App get(String path, Handler handler) {
        return route("GET", path, handler);
    }

    /** Adds a route for POST. See {@link #route}. */
    public App post(String path, Handler handler) {
        return route("POST", path, handler);
    }

    /** Adds a route for PUT. See {@link #route}. */
    public App put(String path, Handler handler) {
        return route("PUT", path, handler);
    }

    /** Adds a route for DELETE. See {@link #route}. */
    public App delete(String path, Handler handler) {
        return route("DELETE", path, handler);
    }

    /** Adds a route for PATCH. See {@link #route}. */
    public App patch(String path, Handler handler) {
        return route("PATCH", path, handler);
    }

    /** Adds a route for HEAD, in place of the one that GET brings. See {@link #route}. */
    public App head(String path, Handler handler) {
        return route("HEAD", path, handler);
    }

    /** Adds a route for OPTIONS, in place of the automatic answer. See {@link #route}. */
    public App options(String path, Handler handler) {
        return route("OPTIONS", path, handler);
    }

    /**
     * Adds a route.
     *
     * @param method the method, as it stands in requests
     * @param path the template of the path, decoded; inside a group without the group's prefix
     * @param handler serves the requests
     * @return this
     * @throws IllegalArgumentException if the template is malformed, or another route matches exactly the same requests
     */
    public App route(String method, String path, Handler handler) {
        checkOpen();
        HeaderText.name(method);
        Objects.requireNonNull(handler, "handler");
        Template template = Template.parse(Template.join(prefix, path));
        router.add(new Route(method, template, handler, this));
        return this;
    }

    /**
     * Adds middleware around all routes of this application or group, whether added before or after this call. Middleware runs
     * outside-in: that of the application before that of a group, in each in the order in which it was added.
     *
     * <p>It also runs around answers for requests that match no route, 404, 405 and OPTIONS: that of the application around
     * all of them, that of a group around those below its prefix. Where several groups match, the longest prefix counts, and
     * of groups with the same prefix the first; where only the method is wrong, the scope of the routes that match the path.
     * Requests that are malformed beyond that never get here.
     *
     * @return this
     */
    public App use(Middleware added) {
        checkOpen();
        middleware.add(Objects.requireNonNull(added, "middleware"));
        return this;
    }

    /**
     * Adds routes below a prefix, with middleware of their own.
     *
     * @param path the prefix: a template without a tail, such as {@code /api/{tenant}}
     * @param routes adds them to the group that it is given
     * @return this
     * @throws IllegalArgumentException if the prefix is malformed
     */
    public App group(String path, Consumer<App> routes) {
        checkOpen();
        if (path.endsWith("/") || path.contains("...}")) {
            throw new IllegalArgumentException("prefix: got '" + path + "', need one without / or a tail at the end");
        }
        App group = new App(this, prefix + path, router, errors);
        router.addGroup(group);
        routes.accept(group);
        return this;
    }

    /** Returns the prefix of this group; null for the application itself. */
    Template prefix() {
        return template;
    }

    /** Returns how many segments the prefix has. */
    int prefixLength() {
        return template == null ? 0 : template.segments().size();
    }

    /**
     * Puts the middleware of this scope and those around it around a handler. What the outermost throws is answered by the
     * caller; everything inside of it answers for itself.
     */
    Chain wrap(Handler handler) {
        Chain chain = c -> {
            handler.handle(c);
            c.response().checkWhole();
        };
        for (App scope = this; scope != null; scope = scope.parent) {
            for (Middleware each : scope.middleware.reversed()) {
                Chain inside = answering(chain);
                chain = c -> each.handle(c, inside);
            }
        }
        return chain;
    }

    private Chain answering(Chain inside) {
        return c -> {
            c.response().again();
            try {
                inside.proceed(c);
            } catch (Throwable t) { // a StackOverflowError too: it must not cost more than its request
                errors.answer(c, t);
            }
        };
    }

    // ---- errors

    /**
     * Answers errors of a class and its subclasses; the handler for the nearest class is taken. Without one, an
     * {@link HttpException} answers as itself, and anything else is logged and answered with 500.
     *
     * <p>An {@link HttpException}, which is also how the server says 404, 405 and the like, is an answer already: only
     * handlers for that class or its subclasses get it, not those for {@link RuntimeException}, {@link Exception} or
     * {@link Throwable}.
     *
     * @param type the class of what handlers throw
     * @param handler gives the answer
     * @return this
     * @throws IllegalArgumentException if the class has a handler already
     */
    public <E extends Throwable> App onError(Class<E> type, ErrorHandler<? super E> handler) {
        checkRoot("onError");
        errors.on(Objects.requireNonNull(type, "type"), Objects.requireNonNull(handler, "handler"));
        return this;
    }

    /** Answers requests whose path no route matches, with status 404 unless the handler sets another one. Returns this. */
    public App notFound(Handler handler) {
        checkRoot("notFound");
        notFound = Objects.requireNonNull(handler, "handler");
        return this;
    }

    // ---- everything else

    /** Sets the settings; returns this. */
    public App with(ServerConfig value) {
        checkRoot("with");
        config = Objects.requireNonNull(value, "config");
        return this;
    }

    /** Returns the settings. */
    public ServerConfig config() {
        return parent == null ? config : parent.config();
    }

    /** Sets what turns objects into JSON and back; returns this. */
    public App json(JsonCodec codec) {
        checkRoot("json");
        json = Objects.requireNonNull(codec, "codec");
        return this;
    }

    /** Adds an observer of all requests; returns this. */
    public App observe(RequestObserver observer) {
        checkRoot("observe");
        observers.add(Objects.requireNonNull(observer, "observer"));
        return this;
    }

    /**
     * Adds something to be done before the server accepts connections, when its scheduler and netpoller run already. Its
     * address is not known then; that it can be bound has been checked. What it throws ends the start.
     *
     * @return this
     */
    public App onStart(Consumer<Server> action) {
        checkRoot("onStart");
        onStart.add(Objects.requireNonNull(action, "action"));
        return this;
    }

    /**
     * Adds something to be done when the server has stopped, before its scheduler ends. These actions are run in the order in
     * which they were added; what one throws is logged. The stop waits for them without limit.
     *
     * <p>If the start fails after actions of {@link #onStart} were run, those of this method are run that were added before
     * the first one of {@code onStart} that was not run to its end. So what opens something at the start and then adds
     * what closes it is closed in any case.
     *
     * @return this
     */
    public App onStop(Consumer<Server> action) {
        checkRoot("onStop");
        onStop.add(new Server.StopAction(Objects.requireNonNull(action, "action"), onStart.size()));
        return this;
    }

    /** Has a feature add to this application what it needs: {@code feature.accept(this)}. Returns this. */
    public App install(Consumer<App> feature) {
        checkOpen();
        feature.accept(this);
        return this;
    }

    /**
     * Starts a server on the configured port. If that fails, what was begun is ended, and this application can be changed
     * and started again.
     *
     * @return the running server
     * @throws IOException if the address cannot be bound
     * @throws IllegalStateException if this was started before, if the JVM lacks a flag (the message names it), or if the
     *     server was stopped meanwhile, by an action of {@link #onStart} or by SIGTERM
     */
    public Server start() throws IOException {
        checkRoot("start");
        started = true;
        boolean running = false;
        try {
            JsonCodec codec = json == null ? JsonCodecs.find() : json;
            Dispatcher dispatcher = new Dispatcher(router, notFound, this, errors);
            Server.Hooks hooks = new Server.Hooks(List.copyOf(onStart), List.copyOf(onStop));
            Server server = Server.start(config, dispatcher, new Observers(observers), codec, hooks);
            running = true;
            return server;
        } finally {
            started = running;
        }
    }

    /**
     * Starts a server on another port than the configured one.
     *
     * @param port 0 takes a free one
     * @return the running server
     * @throws IOException if the address cannot be bound
     * @throws IllegalStateException as {@link #start} says
     */
    public Server listen(int port) throws IOException {
        return with(config.withPort(port)).start();
    }

    /**
     * Starts a server and returns when it has stopped: after SIGTERM and the drain, or after {@link Server#stop}.
     *
     * @throws IOException if the address cannot be bound
     * @throws InterruptedException if the caller is interrupted; the server is stopped then
     * @throws IllegalStateException as {@link #start} says
     */
    public void run() throws IOException, InterruptedException {
        try (Server server = start()) {
            server.awaitStop();
        } catch (Lifecycle.StoppedException e) {
            // by SIGTERM, say: it has stopped
        }
    }

    private void checkRoot(String what) {
        checkOpen();
        if (parent != null) {
            throw new IllegalStateException(what + ": got a group, need the application itself");
        }
    }

    private void checkOpen() {
        if (root().started) {
            throw new IllegalStateException("the application has been started and cannot be changed");
        }
    }

    private App root() {
        App app = this;
        while (app.parent != null) {
            app = app.parent;
        }
        return app;
    }
}
