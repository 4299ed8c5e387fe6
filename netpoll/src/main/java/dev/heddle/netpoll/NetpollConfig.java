package dev.heddle.netpoll;

import java.util.Objects;

/**
 * Settings of a {@link Netpoll}, fixed when it is opened.
 *
 * @param loops number of event loops, 0 to {@value #MAX_LOOPS}; 0, the default, means one for each P that the scheduler
 *     has when it is opened; their number does not follow that of the Ps
 * @param kind which mechanism of the operating system to use; default {@link Kind#AUTO}
 */
public record NetpollConfig(int loops, Kind kind) {
    /** Upper limit of {@code loops}: the most Ps that a scheduler can have. */
    public static final int MAX_LOOPS = 1024;

    /** How readiness is found. */
    public enum Kind {
        /** {@link #EPOLL} where it works, else {@link #NIO} with one line in the log that says why. */
        AUTO,
        /** Linux epoll: one master instance for all loops, in which the scheduler waits. */
        EPOLL,
        /** The selectors of the JDK: each idle loop keeps one thread blocked in its selector. */
        NIO
    }

    /** Checks every setting. */
    public NetpollConfig {
        Objects.requireNonNull(kind, "kind");
        if (loops < 0 || loops > MAX_LOOPS) {
            throw new IllegalArgumentException("loops: got " + loops + ", need 0 to " + MAX_LOOPS);
        }
    }

    /** Returns the defaults: one loop for each P, the best kind that works here. */
    public static NetpollConfig defaults() {
        return new NetpollConfig(0, Kind.AUTO);
    }

    /** Returns these settings with other {@code loops}. */
    public NetpollConfig withLoops(int value) {
        return new NetpollConfig(value, kind);
    }

    /** Returns these settings with another {@code kind}. */
    public NetpollConfig withKind(Kind value) {
        return new NetpollConfig(loops, value);
    }
}
