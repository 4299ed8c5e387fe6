package dev.heddle.http;

import java.util.Set;

/** Finds what is to be done with a request, and has it done. Fixed when the application starts. */
final class Dispatcher {
    private static final String ALLOWED = "dev.heddle.http.allowed";
    private static final int NO_CONTENT = 204;

    private final Router router;
    private final Handler notFound;
    private final Chain unmatched;
    private final Errors errors;

    /** Makes a dispatcher; {@code notFound} null answers with a plain 404. */
    Dispatcher(Router router, Handler notFound, App root, Errors errors) {
        this.router = router;
        this.notFound = notFound;
        this.errors = errors;
        this.unmatched = root.wrap(this::withoutRoute);
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
        String path = c.target().path();
        if (path.equals("*")) {
            c.attribute(ALLOWED, router.allMethods());
            unmatched.proceed(c);
            return;
        }
        Router.Match match = router.find(method, PathText.segments(path));
        if (match.route != null) {
            c.matched(match.route, match.values);
            match.route.chain.proceed(c);
            return;
        }
        c.attribute(ALLOWED, match.allowed);
        unmatched.proceed(c);
    }

    private void withoutRoute(Ctx c) throws Exception {
        Set<String> allowed = c.attribute(ALLOWED);
        if (allowed == null) {
            if (notFound == null) {
                throw new HttpException(404);
            }
            c.status(404);
            notFound.handle(c);
        } else if (c.method().equals("OPTIONS")) {
            c.status(NO_CONTENT).header("Allow", String.join(", ", allowed));
        } else {
            throw new HttpException(405).withHeader("Allow", String.join(", ", allowed));
        }
    }
}
