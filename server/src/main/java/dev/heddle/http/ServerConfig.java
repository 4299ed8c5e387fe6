package dev.heddle.http;

import dev.heddle.netpoll.NetpollConfig;
import dev.heddle.sched.SchedulerConfig;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * Settings of a {@link Server}, fixed at its start. The defaults defend: each limit and each time is set.
 *
 * @param host name or address to listen on; default {@code 0.0.0.0}, all addresses
 * @param port TCP port, 0 to 65535; 0 takes a free one. Default {@value #STANDARD_PORT}
 * @param limits how much a client may send, and how many there may be
 * @param timeouts how long a client may take
 * @param serverName value of the {@code Server} header; blank sends none. Default {@code heddle}
 * @param shutdownHook whether SIGTERM and other ways to end the JVM drain the server first. Default true
 * @param halfClose whether a client that has ended its sending side, which looks the same as one that has closed the
 *     connection, still counts as one that is there. Requests that came whole before are answered in any case. Default
 *     false: {@link Ctx#isClientGone} says that it has gone, so that handlers learn early that perhaps nobody waits for them
 * @param scheduler settings of the scheduler that runs the handlers
 * @param netpoll settings of the netpoller that feeds it
 */
public record ServerConfig(
        String host,
        int port,
        Limits limits,
        Timeouts timeouts,
        String serverName,
        boolean shutdownHook,
        boolean halfClose,
        SchedulerConfig scheduler,
        NetpollConfig netpoll) {
    /** The port unless another one is set. */
    public static final int STANDARD_PORT = 8080;

    private static final int MAX_PORT = 65_535;

    /**
     * How much a client may send, and how many there may be.
     *
     * @param maxHeaderBytes bytes of all header lines of a request, 256 to 1 MiB; more is answered with 431. Default 16 KiB
     * @param maxHeaderCount header lines of a request, 1 to 10,000; more is answered with 431. Default 100
     * @param maxUriBytes bytes of the request target, 64 to 1 MiB; more is answered with 414. Default 8 KiB
     * @param maxBodyBytes bytes of a request's body; more is answered with 413 when the handler reads it; 0 is no limit.
     *     Default 8 MiB. {@link Ctx#maxBody} changes it for one request
     * @param maxPipelined requests of one connection that may have begun to arrive before the first of them is answered, 1
     *     to 1024; the connection is not read further while there are that many. Default 64
     * @param maxConnections connections at once; 0 is no limit. One that comes when there are that many waits in the system
     *     until another one closes, and those that have been idle for longest are closed. Default three quarters of the
     *     file descriptors that the process may have, where the system tells, so that some are left for files and for
     *     connections of its own; else 0
     * @param maxConnectionsPerAddress connections at once of one client address, or of one /64 network in IPv6; 0 is no limit.
     *     One that comes when there are that many is closed at once. Default 0, since many clients may share an
     *     address behind a proxy
     * @param maxHeldBytes bytes that all connections may hold together: what has arrived and is not used up, answers that
     *     their clients have not taken, and 4 KiB for each connection; 0 is no limit. Above it those are cut off that have
     *     held most for longest, half as much above it also those that have just begun. Default a quarter of the largest heap
     */
    public record Limits(
            int maxHeaderBytes,
            int maxHeaderCount,
            int maxUriBytes,
            long maxBodyBytes,
            int maxPipelined,
            int maxConnections,
            int maxConnectionsPerAddress,
            long maxHeldBytes) {
        private static final int MIN_HEADER = 256;
        private static final int MIN_URI = 64;
        private static final int MAX_HEAD = 1 << 20;
        private static final int MAX_COUNT = 10_000;
        private static final int MAX_PIPELINED = 1024;

        /** Checks every limit. */
        public Limits {
            range("maxHeaderBytes", maxHeaderBytes, MIN_HEADER, MAX_HEAD);
            range("maxHeaderCount", maxHeaderCount, 1, MAX_COUNT);
            range("maxUriBytes", maxUriBytes, MIN_URI, MAX_HEAD);
            range("maxBodyBytes", maxBodyBytes, 0, Long.MAX_VALUE);
            range("maxPipelined", maxPipelined, 1, MAX_PIPELINED);
            range("maxConnections", maxConnections, 0, Integer.MAX_VALUE);
            range("maxConnectionsPerAddress", maxConnectionsPerAddress, 0, Integer.MAX_VALUE);
            range("maxHeldBytes", maxHeldBytes, 0, Long.MAX_VALUE);
        }

        /** Returns the defaults. */
        public static Limits defaults() {
            long held = Runtime.getRuntime().maxMemory() / 4;
            return new Limits(16 << 10, 100, 8 << 10, 8L << 20, 64, Descriptors.most() / 4 * 3, 0, held);
        }
    }

    /**
     * How long a client may take.
     *
     * @param header from the first byte of a request's head to its last; zero is no limit. Default 10 s. Later: 408
     * @param idle without a request on an open connection, from when the client has taken the last answer on; zero is no
     *     limit. Default 60 s. Later the connection is closed
     * @param bodyGrace how long a handler waits for a body in sum before {@code bodyMinRate} counts. Default 5 s. Also the
     *     time for a body that no handler wants to come to its end. Zero is no time, in both: what has not come when it is
     *     looked for is too slow
     * @param bodyMinRate bytes per second at which a body must come on average after the grace, while a handler waits for
     *     it; zero is no limit. Default 1,024. Slower: 408
     * @param write how long a client may take nothing of an answer that waits for it; zero is no limit. Default 30 s. Later
     *     the connection is cut off. What the client takes out of the kernel's buffer counts, where the kernel tells it
     *     (Linux, with epoll); elsewhere only what the kernel takes
     * @param writeMinRate bytes per second that a client must take on average of an answer that waits for it, counted from
     *     when it began to wait, after {@code write} or, where that is zero, 30 s; zero is no limit. Default 240, as
     *     Kestrel. Slower: the connection is cut off
     * @param drainGrace how long {@link Server#stop()} and SIGTERM let requests finish; zero cuts them off. Default 10 s
     */
    public record Timeouts(
            Duration header,
            Duration idle,
            Duration bodyGrace,
            long bodyMinRate,
            Duration write,
            long writeMinRate,
            Duration drainGrace) {
        /** The longest time that can be set: keeps sums in nanoseconds far from overflow. */
        private static final Duration LONGEST = Duration.ofDays(365);

        /** Checks every time. */
        public Timeouts {
            time("headerTimeout", header);
            time("idleTimeout", idle);
            time("bodyGrace", bodyGrace);
            range("bodyMinRate", bodyMinRate, 0, Long.MAX_VALUE);
            time("writeTimeout", write);
            range("writeMinRate", writeMinRate, 0, Long.MAX_VALUE);
            time("drainGrace", drainGrace);
        }

        private static void time(String name, Duration got) {
            Objects.requireNonNull(got, name);
            if (got.isNegative() || got.compareTo(LONGEST) > 0) {
                throw new IllegalArgumentException(name + ": got " + got + ", need 0 to " + LONGEST.toDays() + " days");
            }
        }

        /** Returns the defaults. */
        public static Timeouts defaults() {
            return new Timeouts(
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(5),
                    1024,
                    Duration.ofSeconds(30),
                    240,
                    Duration.ofSeconds(10));
        }
    }

    /** Checks every setting. */
    public ServerConfig {
        Objects.requireNonNull(host, "host");
        Objects.requireNonNull(limits, "limits");
        Objects.requireNonNull(timeouts, "timeouts");
        Objects.requireNonNull(serverName, "serverName");
        Objects.requireNonNull(scheduler, "scheduler");
        Objects.requireNonNull(netpoll, "netpoll");
        if (host.isBlank()) {
            throw new IllegalArgumentException("host: got nothing, need a name or an address");
        }
        range("port", port, 0, MAX_PORT);
        if (!HeaderText.isValidValue(serverName)) {
            throw new IllegalArgumentException("serverName: got '" + serverName + "', need a header value");
        }
    }

    private static void range(String name, long got, long min, long max) {
        if (got < min || got > max) {
            String need = max == Long.MAX_VALUE ? min + " or more" : min + " to " + max;
            throw new IllegalArgumentException(name + ": got " + got + ", need " + need);
        }
    }

    /** Returns the defaults. */
    public static ServerConfig defaults() {
        return new ServerConfig(
                "0.0.0.0",
                STANDARD_PORT,
                Limits.defaults(),
                Timeouts.defaults(),
                "heddle",
                true,
                false,
                SchedulerConfig.defaults(),
                NetpollConfig.defaults());
    }

    /**
     * Returns the defaults, changed by environment variables ({@code HEDDLE_PORT=80}) and system properties
     * ({@code -Dheddle.port=80}, which win). {@link #settings} lists them all. What begins as they do and is no setting
     * ({@code HEDDLE_PROT}) is named in the log, as a warning, and so is a {@code HEDDLE_PORT} that Kubernetes has set for a
     * service of the name {@code heddle} ({@code tcp://10.0.0.1:8080}), which is ignored.
     *
     * @throws IllegalArgumentException if a value is not understood or not allowed; the message names the variable
     */
    public static ServerConfig fromEnvironment() {
        UnknownSettings.report(System.getenv(), System.getProperties());
        return Settings.apply(defaults(), System.getenv(), System.getProperties());
    }

    /**
     * One setting as text.
     *
     * @param name its name, such as {@code max-body-bytes}
     * @param variable its environment variable, such as {@code HEDDLE_MAX_BODY_BYTES}
     * @param property its system property, such as {@code heddle.max-body-bytes}
     * @param value its default on this machine
     * @param description what it is, with unit and what zero means
     */
    public record Setting(String name, String variable, String property, String value, String description) {}

    /** Returns all settings that {@link #fromEnvironment} and {@link #with} know, in a sensible order for a help text. */
    public static List<Setting> settings() {
        return Settings.list();
    }

    /**
     * Returns these settings with one changed by its name, for command lines.
     *
     * @param name a name of {@link #settings}, such as {@code max-body-bytes}
     * @param value its value as text: numbers, sizes ({@code 16KiB}, {@code 8MiB}), times ({@code 500ms}, {@code 10s},
     *     {@code 2m}), {@code
     *     true} or {@code false}
     * @throws IllegalArgumentException if there is no such setting, or the value is not understood or not allowed
     */
    public ServerConfig with(String name, String value) {
        return Settings.apply(this, name, value);
    }

    /** Returns these settings with another {@code host}. */
    public ServerConfig withHost(String value) {
        return new ServerConfig(
                value, port, limits, timeouts, serverName, shutdownHook, halfClose, scheduler, netpoll);
    }

    /** Returns these settings with another {@code port}. */
    public ServerConfig withPort(int value) {
        return new ServerConfig(
                host, value, limits, timeouts, serverName, shutdownHook, halfClose, scheduler, netpoll);
    }

    /** Returns these settings with other {@code limits}. */
    public ServerConfig withLimits(Limits value) {
        return new ServerConfig(host, port, value, timeouts, serverName, shutdownHook, halfClose, scheduler, netpoll);
    }

    /** Returns these settings with other {@code timeouts}. */
    public ServerConfig withTimeouts(Timeouts value) {
        return new ServerConfig(host, port, limits, value, serverName, shutdownHook, halfClose, scheduler, netpoll);
    }

    /** Returns these settings with another {@code serverName}. */
    public ServerConfig withServerName(String value) {
        return new ServerConfig(host, port, limits, timeouts, value, shutdownHook, halfClose, scheduler, netpoll);
    }

    /** Returns these settings with another {@code shutdownHook}. */
    public ServerConfig withShutdownHook(boolean value) {
        return new ServerConfig(host, port, limits, timeouts, serverName, value, halfClose, scheduler, netpoll);
    }

    /** Returns these settings with another {@code halfClose}. */
    public ServerConfig withHalfClose(boolean value) {
        return new ServerConfig(host, port, limits, timeouts, serverName, shutdownHook, value, scheduler, netpoll);
    }

    /** Returns these settings with another {@code scheduler}. */
    public ServerConfig withScheduler(SchedulerConfig value) {
        return new ServerConfig(host, port, limits, timeouts, serverName, shutdownHook, halfClose, value, netpoll);
    }

    /** Returns these settings with another {@code netpoll}. */
    public ServerConfig withNetpoll(NetpollConfig value) {
        return new ServerConfig(host, port, limits, timeouts, serverName, shutdownHook, halfClose, scheduler, value);
    }

    /** Returns these settings with other {@link Limits#maxHeaderBytes}. */
    public ServerConfig withMaxHeaderBytes(int value) {
        Limits l = limits;
        return withLimits(new Limits(
                value, l.maxHeaderCount, l.maxUriBytes, l.maxBodyBytes, l.maxPipelined,
                l.maxConnections, l.maxConnectionsPerAddress, l.maxHeldBytes));
    }

    /** Returns these settings with another {@link Limits#maxHeaderCount}. */
    public ServerConfig withMaxHeaderCount(int value) {
        Limits l = limits;
        return withLimits(new Limits(
                l.maxHeaderBytes, value, l.maxUriBytes, l.maxBodyBytes, l.maxPipelined,
                l.maxConnections, l.maxConnectionsPerAddress, l.maxHeldBytes));
    }

    /** Returns these settings with other {@link Limits#maxUriBytes}. */
    public ServerConfig withMaxUriBytes(int value) {
        Limits l = limits;
        return withLimits(new Limits(
                l.maxHeaderBytes, l.maxHeaderCount, value, l.maxBodyBytes, l.maxPipelined,
                l.maxConnections, l.maxConnectionsPerAddress, l.maxHeldBytes));
    }

    /** Returns these settings with other {@link Limits#maxBodyBytes}. */
    public ServerConfig withMaxBodyBytes(long value) {
        Limits l = limits;
        return withLimits(new Limits(
                l.maxHeaderBytes, l.maxHeaderCount, l.maxUriBytes, value, l.maxPipelined,
                l.maxConnections, l.maxConnectionsPerAddress, l.maxHeldBytes));
    }

    /** Returns these settings with another {@link Limits#maxPipelined}. */
    public ServerConfig withMaxPipelined(int value) {
        Limits l = limits;
        return withLimits(new Limits(
                l.maxHeaderBytes, l.maxHeaderCount, l.maxUriBytes, l.maxBodyBytes, value,
                l.maxConnections, l.maxConnectionsPerAddress, l.maxHeldBytes));
    }

    /** Returns these settings with other {@link Limits#maxConnections}. */
    public ServerConfig withMaxConnections(int value) {
        Limits l = limits;
        return withLimits(new Limits(
                l.maxHeaderBytes, l.maxHeaderCount, l.maxUriBytes, l.maxBodyBytes, l.maxPipelined,
                value, l.maxConnectionsPerAddress, l.maxHeldBytes));
    }

    /** Returns these settings with other {@link Limits#maxConnectionsPerAddress}. */
    public ServerConfig withMaxConnectionsPerAddress(int value) {
        Limits l = limits;
        return withLimits(new Limits(
                l.maxHeaderBytes, l.maxHeaderCount, l.maxUriBytes, l.maxBodyBytes, l.maxPipelined,
                l.maxConnections, value, l.maxHeldBytes));
    }

    /** Returns these settings with other {@link Limits#maxHeldBytes}. */
    public ServerConfig withMaxHeldBytes(long value) {
        Limits l = limits;
        return withLimits(new Limits(
                l.maxHeaderBytes, l.maxHeaderCount, l.maxUriBytes, l.maxBodyBytes, l.maxPipelined,
                l.maxConnections, l.maxConnectionsPerAddress, value));
    }

    /** Returns these settings with another {@link Timeouts#header}. */
    public ServerConfig withHeaderTimeout(Duration value) {
        Timeouts t = timeouts;
        return withTimeouts(new Timeouts(value, t.idle, t.bodyGrace, t.bodyMinRate, t.write, t.writeMinRate, t.drainGrace));
    }

    /** Returns these settings with another {@link Timeouts#idle}. */
    public ServerConfig withIdleTimeout(Duration value) {
        Timeouts t = timeouts;
        return withTimeouts(new Timeouts(t.header, value, t.bodyGrace, t.bodyMinRate, t.write, t.writeMinRate, t.drainGrace));
    }

    /** Returns these settings with another {@link Timeouts#bodyGrace}. */
    public ServerConfig withBodyGrace(Duration value) {
        Timeouts t = timeouts;
        return withTimeouts(new Timeouts(t.header, t.idle, value, t.bodyMinRate, t.write, t.writeMinRate, t.drainGrace));
    }

    /** Returns these settings with another {@link Timeouts#bodyMinRate}. */
    public ServerConfig withBodyMinRate(long value) {
        Timeouts t = timeouts;
        return withTimeouts(new Timeouts(t.header, t.idle, t.bodyGrace, value, t.write, t.writeMinRate, t.drainGrace));
    }

    /** Returns these settings with another {@link Timeouts#write}. */
    public ServerConfig withWriteTimeout(Duration value) {
        Timeouts t = timeouts;
        return withTimeouts(new Timeouts(t.header, t.idle, t.bodyGrace, t.bodyMinRate, value, t.writeMinRate, t.drainGrace));
    }

    /** Returns these settings with another {@link Timeouts#writeMinRate}. */
    public ServerConfig withWriteMinRate(long value) {
        Timeouts t = timeouts;
        return withTimeouts(
                new Timeouts(t.header, t.idle, t.bodyGrace, t.bodyMinRate, t.write, value, t.drainGrace));
    }

    /** Returns these settings with another {@link Timeouts#drainGrace}. */
    public ServerConfig withDrainGrace(Duration value) {
        Timeouts t = timeouts;
        return withTimeouts(new Timeouts(t.header, t.idle, t.bodyGrace, t.bodyMinRate, t.write, t.writeMinRate, value));
    }
}
