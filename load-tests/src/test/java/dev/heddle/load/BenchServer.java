package dev.heddle.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The {@code bench} example in a JVM of its own, on a free port, with a directory of files to serve. What it logs goes
 * to the standard output of this process.
 */
final class BenchServer implements AutoCloseable {
    /** Where the jar of the examples is, if not where the build puts it. */
    private static final String JAR_PROPERTY = "heddle.examples.jar";

    private static final Path STANDARD_JAR = Path.of("..", "examples", "target", "heddle-examples.jar");
    private static final Duration START = Duration.ofSeconds(60);
    private static final Duration STOP = Duration.ofSeconds(30);

    /** The address in the line that the server logs when it is ready. */
    private static final Pattern ADDRESS = Pattern.compile("http://127\\.0\\.0\\.1:\\d+");

    private final Process process;
    private final Path files;
    private final URI address;

    private BenchServer(Process process, Path files, URI address) {
        this.process = process;
        this.files = files;
        this.address = address;
    }

    /**
     * Starts it and waits until it has said its address.
     *
     * @param files names and contents of the files that it serves
     * @throws IllegalStateException if it ends, or says no address within a minute
     */
    static BenchServer start(List<ServedFile> files) {
        Path jar = Path.of(System.getProperty(JAR_PROPERTY, STANDARD_JAR.toString()));
        if (!Files.isRegularFile(jar)) {
            throw new IllegalStateException(
                    jar.toAbsolutePath() + " does not exist: run mvn package in the project first, or set -D"
                            + JAR_PROPERTY);
        }
        try {
            Path directory = Files.createTempDirectory("heddle-load");
            for (ServedFile file : files) {
                Files.write(directory.resolve(file.name()), file.content());
            }
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                            "-Xmx1g",
                            "-jar",
                            jar.toString(),
                            "bench",
                            "--host",
                            "127.0.0.1",
                            "--port",
                            "0",
                            "--dir",
                            directory.toString())
                    .redirectErrorStream(true)
                    .start();
            try {
                return new BenchServer(process, directory, address(process));
            } catch (RuntimeException e) {
                process.destroyForcibly();
                delete(directory);
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A file to serve. */
    record ServedFile(String name, byte[] content) {}

    private static URI address(Process process) {
        CompletableFuture<URI> address = new CompletableFuture<>();
        Thread.ofPlatform().daemon().name("bench-output").start(() -> copyOutput(process, address));
        try {
            return address.get(START.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new IllegalStateException("the bench server said no address within " + START, e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("the bench server did not start: " + e.getCause().getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the bench server started", e);
        }
    }

    private static void copyOutput(Process process, CompletableFuture<URI> address) {
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            String line;
            while ((line = output.readLine()) != null) {
                System.out.println("bench: " + line);
                Matcher found = ADDRESS.matcher(line);
                if (!address.isDone() && found.find()) {
                    address.complete(URI.create(found.group()));
                }
            }
            address.completeExceptionally(new IOException("it ended, see its output above"));
        } catch (IOException e) {
            address.completeExceptionally(e);
        }
    }

    URI address() {
        return address;
    }

    /**
     * Asks it to end, as an operator would, and waits for it.
     *
     * @throws IllegalStateException if it does not end in time, or ends with an error
     */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP)) {
                process.destroyForcibly();
                throw new IllegalStateException("the bench server did not stop within " + STOP);
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the bench server stopped", e);
        } finally {
            delete(files);
        }
        int status = process.exitValue();
        if (status != 0 && status != TERMINATED) {
            throw new IllegalStateException("the bench server ended with status " + status);
        }
    }

    /** Exit status of a JVM that was ended by SIGTERM: 128 + 15. */
    private static final int TERMINATED = 143;

    private static void delete(Path directory) {
        try (Stream<Path> children = Files.list(directory)) {
            for (Path child : children.toList()) {
                Files.delete(child);
            }
            Files.delete(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
