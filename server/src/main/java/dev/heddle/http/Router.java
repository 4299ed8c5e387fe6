package dev.heddle.http;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Finds the route of a request. Templates without parameters are in a map of whole paths that is asked first and needs no
 * parsing; all of them are in a tree with a level for each segment. On each level a literal beats a parameter and that a
 * tail; a choice that leads nowhere further down is taken back.
 *
 * <p>Filled before the server starts, only read afterwards.
 */
final class Router {
    private final Map<String, Methods> exact = new HashMap<>();
    private final Node root = new Node();
    private final List<Route> routes = new ArrayList<>();
    private final List<App> groups = new ArrayList<>(0);

    /** The routes of one shape of path, by method. */
    private static final class Methods {
        private Route[] routes = new Route[0];

        /** HEAD is served by GET unless it has a route of its own. */
        Route find(String method) {
            Route route = exactly(method);
            return route == null && method.equals("HEAD") ? exactly("GET") : route;
        }

        private Route exactly(String method) {
            for (Route route : routes) {
                if (route.method.equals(method)) {
                    return route;
                }
            }
            return null;
        }

        void add(Route route) {
            Route other = exactly(route.method);
            if (other != null) {
                throw new IllegalArgumentException("route " + route + ": conflicts with " + other
                        + ", which matches the same requests");
            }
            Route[] more = Arrays.copyOf(routes, routes.length + 1);
            more[routes.length] = route;
            routes = more;
        }
    }

    private static final class Node {
        final Map<String, Node> literals = new HashMap<>(4);
        Node param;
        /** Templates that end here. */
        Methods here;
        /** Templates whose tail begins here. */
        Methods tail;
        /** The first group whose prefix ends here. */
        App group;
    }

    /** What a search has found; {@link #allowed} only if there was no route for the method. */
    static final class Match {
        Route route;
        /** Values of the route's parameters, in the order of its names. */
        String[] values;
        /** Methods of the routes that match the path, in alphabetical order; null if none does. */
        TreeSet<String> allowed;
        /** The innermost scope of these routes; null if there is none. */
        App scope;

        private final String method;
        private final String[] segments;
        private final String[] captured;

        private Match(String method, String[] segments) {
            this.method = method;
            this.segments = segments;
            this.captured = new String[segments.length];
        }
    }

    /** Adds a group, for what no route matches below its prefix. */
    void addGroup(App group) {
        groups.add(group);
        Node node = node(group.prefix());
        if (node.group == null) {
            node.group = group;
        }
    }

    /** Returns the node for a template, without its tail if it has one; makes it if need be. */
    private Node node(Template template) {
        Node node = root;
        for (Template.Segment segment : template.segments()) {
            switch (segment.kind()) {
                case LITERAL -> node = node.literals.computeIfAbsent(segment.text(), _ -> new Node());
                case PARAM -> {
                    if (node.param == null) {
                        node.param = new Node();
                    }
                    node = node.param;
                }
                case TAIL -> {}
            }
        }
        return node;
    }

    /** Adds a route, or throws {@link IllegalArgumentException} if another one matches exactly the same requests. */
    void add(Route route) {
        Node node = node(route.template);
        boolean tail = route.template.hasTail();
        Methods methods = tail ? node.tail : node.here;
        if (methods == null) {
            methods = new Methods();
            if (tail) {
                node.tail = methods;
            } else {
                node.here = methods;
            }
        }
        methods.add(route);
        if (route.template.isExact()) {
            exact.put(route.template.text(), methods);
        }
        routes.add(route);
    }

    List<Route> routes() {
        return routes;
    }

    List<App> groups() {
        return groups;
    }

    /** Returns the route whose path is the request target as it stands, or null. Costs one look into a map. */
    Route findExact(String method, String target) {
        Methods methods = exact.get(target);
        return methods == null ? null : methods.find(method);
    }

    /**
     * Finds the route of a path.
     *
     * @param method the method, as in the request
     * @param segments what stands between the slashes, decoded; null for a path that no template can match
     */
    Match find(String method, String[] segments) {
        Match match = new Match(method, segments == null ? new String[0] : segments);
        if (segments != null) {
            search(root, 0, 0, match);
        }
        return match;
    }

    private static boolean search(Node node, int depth, int params, Match match) {
        if (depth == match.segments.length) {
            return take(node.here, params, match);
        }
        String segment = match.segments[depth];
        Node literal = node.literals.get(segment);
        if (literal != null && search(literal, depth + 1, params, match)) {
            return true;
        }
        if (node.param != null && !segment.isEmpty()) {
            match.captured[params] = segment;
            if (search(node.param, depth + 1, params + 1, match)) {
                return true;
            }
        }
        if (node.tail != null) {
            String rest = PathText.join(match.segments, depth);
            if (rest != null) {
                match.captured[params] = rest;
                return take(node.tail, params + 1, match);
            }
        }
        return false;
    }

    /**
     * Returns the group with the longest prefix that a path is below; null if there is none.
     *
     * @param segments as for {@link #find}; null gives null
     */
    App findGroup(String[] segments) {
        return segments == null ? null : deepest(root, segments, 0);
    }

    private static App deepest(Node node, String[] segments, int depth) {
        App found = node.group;
        if (depth == segments.length) {
            return found;
        }
        String segment = segments[depth];
        Node literal = node.literals.get(segment);
        if (literal != null) {
            found = deeper(found, deepest(literal, segments, depth + 1));
        }
        if (node.param != null && !segment.isEmpty()) {
            found = deeper(found, deepest(node.param, segments, depth + 1));
        }
        return found;
    }

    /** Returns the one with the longer prefix; the first one of equals. */
    private static App deeper(App first, App second) {
        return second == null || first != null && first.prefixLength() >= second.prefixLength() ? first : second;
    }

    private static boolean take(Methods methods, int params, Match match) {
        if (methods == null) {
            return false;
        }
        Route route = methods.find(match.method);
        if (route != null) {
            match.route = route;
            match.values = params == 0 ? null : Arrays.copyOf(match.captured, params);
            return true;
        }
        if (match.allowed == null) {
            match.allowed = new TreeSet<>();
        }
        for (Route other : methods.routes) {
            addAllowed(match.allowed, other.method);
            if (match.scope == null || other.scope.prefixLength() > match.scope.prefixLength()) {
                match.scope = other.scope;
            }
        }
        return false;
    }

    /** Returns the methods that any route has, for {@code OPTIONS *}. */
    TreeSet<String> allMethods() {
        TreeSet<String> all = new TreeSet<>();
        all.add("OPTIONS");
        routes.forEach(route -> addAllowed(all, route.method));
        return all;
    }

    private static void addAllowed(TreeSet<String> allowed, String method) {
        allowed.add(method);
        allowed.add("OPTIONS");
        if (method.equals("GET")) {
            allowed.add("HEAD");
        }
    }
}
