package dev.heddle.http;

/** One registered route. */
final class Route {
    final String method;
    final Template template;
    final Handler handler;
    /** Where it was registered; its middleware wraps the handler. */
    final App scope;

    /** Middleware and handler in one; set when the application is started, before any request. */
    Chain chain;

    Route(String method, Template template, Handler handler, App scope) {
        this.method = method;
        this.template = template;
        this.handler = handler;
        this.scope = scope;
    }

    @Override
    public String toString() {
        return method + " " + template.text();
    }
}
