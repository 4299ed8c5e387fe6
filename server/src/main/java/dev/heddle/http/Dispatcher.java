package dev.heddle.http;

import java.util.Set;

/** Finds what is to be done with a request, and has it done. Fixed when the application starts. */
final class Dispatcher {
    private static final int NO_CONTENT = 204;
    private static final int NOT_FOUND = 404;
    private static final int METHOD_NOT_ALLOWED = 405;

    private final Router router;
    private final Handler notFound;
    private final App root;
    private final Errors errors;

    /** Makes a dispatcher; {@code notFound} null answers with a plain 404. */
    Dispatcher(Router router, Handler notFound, App root, Errors errors) {
        this.router = router;
        this.notFound = notFound == null ? Dispatcher::plainNotFound : notFound;
        this.root = root;
        this.errors = errors;
        root.unmatched = root.wrap(Ctx::answerUnmatched);
        for (App group : router.groups()) {
            group.unmatched = group.wrap(Ctx::answerUnmatched);
        }
        for (Route route : router.routes()) {
            route.chain = route.scope.wrap(route.handler);
        }
    }

    Errors errors() {
        return errors;
    }

    /** Runs middleware and handler of a request. */
    void dispatch(Ctx c) throws Exception {
        String method = c.method();
        Route route = router.findExact(method, c.uri());
        if (route != null) {
            c.matched(route, null);
            route.chain.proceed(c);
            return;
        }
        search(c, method);
    }

    private void search(Ctx c, String method) throws Exception {
        String path;
        String[] segments;
        try {
            path = c.target().path();
            segments = path.equals("*") ? null : PathText.segments(path);
        } catch (HttpException malformed) { // for middleware to see, as every other answer
            unmatched(c, root, null, _ -> {
                throw malformed;
            });
            return;
        }
        if (path.equals("*")) {
            unmatched(c, root, null, allowing(router.allMethods()));
            return;
        }
        Router.Match match = router.find(method, segments);
        if (match.route != null) {
            c.matched(match.route, match.values);
            match.route.chain.proceed(c);
            return;
        }
        if (match.allowed != null) {
            unmatched(c, match.scope, segments, allowing(match.allowed));
            return;
        }
        String[] known = segments == null ? PathText.beginning(path) : segments;
        App group = router.findGroup(known);
        unmatched(c, group == null ? root : group, known, this::notFound);
    }

    private static void unmatched(Ctx c, App scope, String[] segments, Handler answer) throws Exception {
        Template prefix = scope.prefix();
        c.unmatched(prefix, prefix == null ? null : prefix.values(segments), answer);
        scope.unmatched.proceed(c);
    }

    /** Answers a request whose path is known, but not with its method. */
    private static Handler allowing(Set<String> methods) {
        String allow = String.join(", ", methods);
        return c -> {
            if (!c.method().equals("OPTIONS")) {
                throw new HttpException(METHOD_NOT_ALLOWED).withHeader("Allow", allow);
            }
            c.status(NO_CONTENT).header("Allow", allow);
        };
    }

    private void notFound(Ctx c) throws Exception {
        c.status(NOT_FOUND);
        notFound.handle(c);
    }

    private static void plainNotFound(Ctx c) {
        throw new HttpException(NOT_FOUND);
    }
}
