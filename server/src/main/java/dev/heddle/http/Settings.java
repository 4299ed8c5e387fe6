package dev.heddle.http;

import dev.heddle.http.ServerConfig.Setting;
import dev.heddle.netpoll.NetpollConfig;
import dev.heddle.netpoll.NetpollConfig.Kind;
import dev.heddle.sched.SchedulerConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** All settings of {@link ServerConfig} as text: one table for environment, system properties, command lines and help. */
final class Settings {
    static final String VARIABLE_PREFIX = "HEDDLE_";
    static final String PROPERTY_PREFIX = "heddle.";

    private static final Pattern INTEGER = Pattern.compile("-?[0-9]{1,18}");
    private static final Pattern DECIMAL = Pattern.compile("[0-9]{1,9}([.][0-9]{1,9})?");
    private static final Pattern SIZE = Pattern.compile("(\\d{1,18})(b|kib|mib|gib)?", Pattern.CASE_INSENSITIVE);
    private static final Pattern TIME = Pattern.compile("(\\d{1,15})(ms|s|m|h)?", Pattern.CASE_INSENSITIVE);

    /** How a setting gets into the record. */
    private interface Change {
        ServerConfig apply(ServerConfig config, String value);
    }

    private record Entry(String name, String description, Change change, Function<ServerConfig, Object> current) {}

    private static final List<Entry> ENTRIES = List.of(
            new Entry("host", "name or address to listen on", ServerConfig::withHost, ServerConfig::host),
            new Entry(
                    "port",
                    "TCP port; 0 takes a free one",
                    (c, v) -> c.withPort(integer(v)),
                    ServerConfig::port),
            new Entry(
                    "max-header-bytes",
                    "bytes of all header lines of a request",
                    (c, v) -> c.withMaxHeaderBytes(Math.toIntExact(size(v))),
                    c -> sizeText(c.limits().maxHeaderBytes())),
            new Entry(
                    "max-header-count",
                    "header lines of a request",
                    (c, v) -> c.withMaxHeaderCount(integer(v)),
                    c -> c.limits().maxHeaderCount()),
            new Entry(
                    "max-uri-bytes",
                    "bytes of the request target",
                    (c, v) -> c.withMaxUriBytes(Math.toIntExact(size(v))),
                    c -> sizeText(c.limits().maxUriBytes())),
            new Entry(
                    "max-body-bytes",
                    "bytes of a request's body; 0 is no limit",
                    (c, v) -> c.withMaxBodyBytes(size(v)),
                    c -> sizeText(c.limits().maxBodyBytes())),
            new Entry(
                    "max-pipelined",
                    "unanswered requests per connection before it is not read further",
                    (c, v) -> c.withMaxPipelined(integer(v)),
                    c -> c.limits().maxPipelined()),
            new Entry(
                    "max-connections",
                    "connections at once, others wait; 0 is no limit",
                    (c, v) -> c.withMaxConnections(integer(v)),
                    c -> c.limits().maxConnections()),
            new Entry(
                    "max-connections-per-address",
                    "connections at once of one client address, others are closed; 0 is no limit",
                    (c, v) -> c.withMaxConnectionsPerAddress(integer(v)),
                    c -> c.limits().maxConnectionsPerAddress()),
            new Entry(
                    "max-held-bytes",
                    "bytes that all connections may hold together, the largest and slowest are cut off; 0 is no limit",
                    (c, v) -> c.withMaxHeldBytes(size(v)),
                    c -> sizeText(c.limits().maxHeldBytes())),
            new Entry(
                    "header-timeout",
                    "time for a whole request head; 0 is no limit",
                    (c, v) -> c.withHeaderTimeout(time(v)),
                    c -> timeText(c.timeouts().header())),
            new Entry(
                    "idle-timeout",
                    "time without a request on an open connection; 0 is no limit",
                    (c, v) -> c.withIdleTimeout(time(v)),
                    c -> timeText(c.timeouts().idle())),
            new Entry(
                    "body-grace",
                    "waiting for a body before the minimum rate counts; 0 is no time",
                    (c, v) -> c.withBodyGrace(time(v)),
                    c -> timeText(c.timeouts().bodyGrace())),
            new Entry(
                    "body-min-rate",
                    "bytes per second of a body, on average; 0 is no limit",
                    (c, v) -> c.withBodyMinRate(size(v)),
                    c -> sizeText(c.timeouts().bodyMinRate())),
            new Entry(
                    "write-timeout",
                    "time that a client may take nothing of an answer; 0 is no limit",
                    (c, v) -> c.withWriteTimeout(time(v)),
                    c -> timeText(c.timeouts().write())),
            new Entry(
                    "write-min-rate",
                    "bytes per second of an answer that waits, on average, after the write timeout; 0 is no limit",
                    (c, v) -> c.withWriteMinRate(size(v)),
                    c -> sizeText(c.timeouts().writeMinRate())),
            new Entry(
                    "drain-grace",
                    "time for requests in flight when the server stops; 0 cuts them off",
                    (c, v) -> c.withDrainGrace(time(v)),
                    c -> timeText(c.timeouts().drainGrace())),
            new Entry(
                    "server-name",
                    "value of the Server header; blank sends none",
                    ServerConfig::withServerName,
                    ServerConfig::serverName),
            new Entry(
                    "shutdown-hook",
                    "whether SIGTERM drains the server",
                    (c, v) -> c.withShutdownHook(truth(v)),
                    ServerConfig::shutdownHook),
            new Entry(
                    "half-close",
                    "whether a client that has ended its sending side counts as still there; it gets its answers anyway",
                    (c, v) -> c.withHalfClose(truth(v)),
                    ServerConfig::halfClose),
            scheduler(
                    "procs",
                    "Ps: goroutines that run at once; 0 is as many as processors, followed as that changes",
                    (s, v) -> s.withProcs(integer(v)),
                    s -> s.procs()),
            scheduler(
                    "max-threads",
                    "the most threads of the scheduler",
                    (s, v) -> s.withMaxThreads(integer(v)),
                    s -> s.maxThreads()),
            scheduler(
                    "max-hogs",
                    "CPU-bound goroutines that may run beside the Ps; 0 switches preemption off",
                    (s, v) -> s.withMaxHogs(integer(v)),
                    s -> s.maxHogs()),
            scheduler(
                    "hog-share",
                    "part of the processors that they get when others want all, above 0 to 1",
                    (s, v) -> s.withHogShare(number(v)),
                    s -> s.hogShare()),
            scheduler(
                    "quantum",
                    "time that a goroutine may run before it is preempted",
                    (s, v) -> s.withQuantum(time(v)),
                    s -> timeText(s.quantum())),
            scheduler(
                    "spare-keep-alive",
                    "time after which spare threads end",
                    (s, v) -> s.withSpareKeepAlive(time(v)),
                    s -> timeText(s.spareKeepAlive())),
            netpoll("loops", "event loops; 0 is one for each P", (n, v) -> n.withLoops(integer(v)), n -> n.loops()),
            netpoll(
                    "poller",
                    "how readiness is found: auto, epoll or nio",
                    (n, v) -> n.withKind(kind(v)),
                    n -> n.kind().name().toLowerCase(Locale.ROOT)));

    private Settings() {}

    private static Entry scheduler(
            String name,
            String description,
            BiFunction<SchedulerConfig, String, SchedulerConfig> change,
            Function<SchedulerConfig, Object> current) {
        return new Entry(
                name,
                description,
                (c, v) -> c.withScheduler(change.apply(c.scheduler(), v)),
                c -> current.apply(c.scheduler()));
    }

    private static Entry netpoll(
            String name,
            String description,
            BiFunction<NetpollConfig, String, NetpollConfig> change,
            Function<NetpollConfig, Object> current) {
        return new Entry(
                name,
                description,
                (c, v) -> c.withNetpoll(change.apply(c.netpoll(), v)),
                c -> current.apply(c.netpoll()));
    }

    static List<Setting> list() {
        ServerConfig defaults = ServerConfig.defaults();
        List<Setting> list = new ArrayList<>();
        for (Entry e : ENTRIES) {
            String value = e.current.apply(defaults).toString();
            list.add(new Setting(e.name, variable(e.name), PROPERTY_PREFIX + e.name, value, e.description));
        }
        return List.copyOf(list);
    }

    private static String variable(String name) {
        return VARIABLE_PREFIX + name.toUpperCase(Locale.ROOT).replace('-', '_');
    }

    /** Properties win over variables, and what Kubernetes calls as we do is none. */
    static ServerConfig apply(ServerConfig config, Map<String, String> environment, Properties properties) {
        ServerConfig result = config;
        for (Entry e : ENTRIES) {
            String variable = variable(e.name);
            String value = environment.get(variable);
            if (value != null && !UnknownSettings.isOfKubernetes(variable, value)) {
                result = apply(result, e, variable, value);
            }
            String property = PROPERTY_PREFIX + e.name;
            if (properties.getProperty(property) != null) {
                result = apply(result, e, property, properties.getProperty(property));
            }
        }
        return result;
    }

    static ServerConfig apply(ServerConfig config, String name, String value) {
        for (Entry e : ENTRIES) {
            if (e.name.equals(name)) {
                return apply(config, e, name, value);
            }
        }
        throw new IllegalArgumentException("setting: got '" + name + "', need one of "
                + String.join(", ", ENTRIES.stream().map(Entry::name).toList()));
    }

    private static ServerConfig apply(ServerConfig config, Entry e, String origin, String value) {
        try {
            return e.change.apply(config, value.strip());
        } catch (IllegalArgumentException | ArithmeticException x) {
            throw new IllegalArgumentException(origin + "=" + value + ": " + x.getMessage(), x);
        }
    }

    /** In the digits of ASCII alone: Java takes {@code +80} and other scripts too, as {@link Param} does not. */
    private static int integer(String text) {
        if (!INTEGER.matcher(text).matches()) {
            throw new IllegalArgumentException("got '" + text + "', need a whole number");
        }
        return Math.toIntExact(Long.parseLong(text));
    }

    private static double number(String text) {
        if (!DECIMAL.matcher(text).matches()) {
            throw new IllegalArgumentException("got '" + text + "', need a number such as 0.05");
        }
        return Double.parseDouble(text);
    }

    private static boolean truth(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("got '" + text + "', need true or false");
        };
    }

    private static Kind kind(String text) {
        for (Kind kind : Kind.values()) {
            if (kind.name().equalsIgnoreCase(text)) {
                return kind;
            }
        }
        throw new IllegalArgumentException(
                "got '" + text + "', need one of " + Arrays.toString(Kind.values()).toLowerCase(Locale.ROOT));
    }

    /** Bytes: a number with B, KiB, MiB or GiB, or without unit. */
    static long size(String text) {
        Matcher m = SIZE.matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException("got '" + text + "', need a size such as 65536, 64KiB or 8MiB");
        }
        String unit = m.group(2) == null ? "b" : m.group(2).toLowerCase(Locale.ROOT);
        long factor =
                switch (unit) {
                    case "kib" -> 1L << 10;
                    case "mib" -> 1L << 20;
                    case "gib" -> 1L << 30;
                    default -> 1;
                };
        return Math.multiplyExact(Long.parseLong(m.group(1)), factor);
    }

    /** A number with ms, s, m or h; without unit only 0. */
    static Duration time(String text) {
        Matcher m = TIME.matcher(text);
        if (!m.matches() || (m.group(2) == null && Long.parseLong(m.group(1)) != 0)) {
            throw new IllegalArgumentException("got '" + text + "', need a time such as 500ms, 10s, 2m or 0");
        }
        long number = Long.parseLong(m.group(1));
        String unit = m.group(2) == null ? "s" : m.group(2).toLowerCase(Locale.ROOT);
        return switch (unit) {
            case "ms" -> Duration.ofMillis(number);
            case "m" -> Duration.ofMinutes(number);
            case "h" -> Duration.ofHours(number);
            default -> Duration.ofSeconds(number);
        };
    }

    static String sizeText(long bytes) {
        if (bytes > 0 && bytes % (1 << 20) == 0) {
            return (bytes >> 20) + "MiB";
        }
        if (bytes > 0 && bytes % (1 << 10) == 0) {
            return (bytes >> 10) + "KiB";
        }
        return Long.toString(bytes);
    }

    static String timeText(Duration time) {
        return time.toMillis() % 1000 == 0 ? time.toSeconds() + "s" : time.toMillis() + "ms";
    }
}
