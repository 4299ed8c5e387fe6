package dev.heddle.http;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A JVM of its own with the flags and the class path of this one, and what it prints. */
final class ServerProcess implements AutoCloseable {
    private static final long LIMIT_SECONDS = 30;

    private final Process process;
    private final LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final List<String> seen = new ArrayList<>();

    private ServerProcess(Process process) {
        this.process = process;
        Thread.ofPlatform().daemon().start(() -> {
            try (BufferedReader out = process.inputReader()) {
                out.lines().forEach(lines::add);
            } catch (IOException e) {
                lines.add("cannot be read: " + e);
            }
        });
    }

    static ServerProcess start(Class<?> main, String... arguments) throws IOException {
        return start(List.of("-Xmx256m"), main, arguments);
    }

    /** Starts it with options of the JVM beside the flags. */
    static ServerProcess start(List<String> options, Class<?> main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (argument.startsWith("--")) {
                command.add(argument);
            }
        }
        command.addAll(options);
        command.addAll(List.of("-ea", "-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        return new ServerProcess(new ProcessBuilder(command).redirectErrorStream(true).start());
    }

    /** Returns the next line that contains a text; fails if none comes. */
    String line(String text) throws InterruptedException {
        String line = lineWithin(text, TimeUnit.SECONDS.toMillis(LIMIT_SECONDS));
        if (line == null) {
            throw new AssertionError("waited in vain for '" + text + "', got " + seen);
        }
        return line;
    }

    /** Returns the next line that contains a text, or null if none comes in time. */
    String lineWithin(String text, long millis) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (true) {
            String line = lines.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (line == null || line.contains(text)) {
                return line;
            }
            seen.add(line);
        }
    }

    /** Sends SIGTERM. {@link Process#destroy} would close the streams as well. */
    void terminate() {
        process.toHandle().destroy();
    }

    /** Waits for its end and returns its status. */
    int status() throws InterruptedException {
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("the process does not end: got " + seen + " and " + lines);
        }
        return process.exitValue();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
