package dev.heddle.examples;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The program of the examples in a JVM of its own, without any flag. */
final class Child implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String END = "\u0000";
    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final StringBuilder seen = new StringBuilder();

    private Child(Process process) {
        this.process = process;
        Thread.ofPlatform().daemon().name("child-output").start(this::readOutput);
    }

    static Child start(String... args) throws IOException {
        return start(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()), args);
    }

    /** Starts a jar as its user does. */
    static Child startJar(Path jar, String... args) throws IOException {
        return start(List.of("-jar", jar.toString()), args);
    }

    private static Child start(List<String> what, String... args) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx256m");
        command.addAll(what);
        command.addAll(List.of(args));
        return new Child(new ProcessBuilder(command).redirectErrorStream(true).start());
    }

    private void readOutput() {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            String line;
            while ((line = reader.readLine()) != null) {
                lines.add(line);
            }
        } catch (IOException e) {
            lines.add("output lost: " + e); // it was killed
        } finally {
            lines.add(END);
        }
    }

    /** Waits for a line in which the pattern occurs. */
    Matcher await(Pattern pattern) throws InterruptedException {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            String line = lines.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (line == null || line.equals(END)) {
                throw new AssertionError("no line with " + pattern + " in:\n" + seen);
            }
            seen.append(line).append('\n');
            Matcher found = pattern.matcher(line);
            if (found.find()) {
                return found;
            }
        }
    }

    /** Waits for the end and returns the exit status. */
    int awaitEnd() throws InterruptedException {
        if (!process.waitFor(LIMIT)) {
            throw new AssertionError("did not end within " + LIMIT + ", output:\n" + seen);
        }
        String line;
        while (!END.equals(line = lines.poll(LIMIT.toSeconds(), TimeUnit.SECONDS))) {
            if (line == null) {
                throw new AssertionError("its output has no end:\n" + seen);
            }
            seen.append(line).append('\n');
        }
        return process.exitValue();
    }

    /** Sends SIGTERM. */
    void terminate() {
        process.destroy();
    }

    /** Returns what it has written; to be asked after {@link #awaitEnd}. */
    String output() {
        return seen.toString();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
