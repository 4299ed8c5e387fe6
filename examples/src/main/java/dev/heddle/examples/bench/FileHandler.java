package dev.heddle.examples.bench;

import dev.heddle.http.Ctx;
import dev.heddle.http.Handler;
import dev.heddle.http.HttpException;
import dev.heddle.os.Files;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * {@code /file?name=F}: reads a file below one directory by ordinary blocking calls and answers with its contents. A
 * FIFO blocks its request until somebody has written to it and closed it; nobody else waits for that.
 *
 * <p>What leads out of the directory, by {@code ..}, as an absolute path or through a symbolic link, is answered as
 * what does not exist. The check is made on the path without links just before the file is opened; whoever may change
 * the directory meanwhile could still swap a link in, so serve only directories that clients cannot write to.
 */
final class FileHandler implements Handler {
    /** Largest answer: it is held in memory. Static files have no such limit. */
    private static final int MAX_BYTES = 16 << 20;

    private static final int NOT_FOUND = 404;
    private static final int BAD_REQUEST = 400;

    private final Path root;

    FileHandler(Path directory) throws IOException {
        root = Files.realPath(directory);
    }

    @Override
    public void handle(Ctx c) throws IOException {
        String name = c.query("name").get();
        try {
            Path file = checked(resolve(name), name);
            c.bytes("application/octet-stream", Files.readAll(file, MAX_BYTES));
        } catch (NoSuchFileException | AccessDeniedException e) {
            throw missing(name, e);
        }
    }

    private Path resolve(String name) {
        Path file;
        try {
            file = Files.realPath(root.resolve(name));
        } catch (InvalidPathException e) {
            throw new HttpException(BAD_REQUEST, "name: not a file name", e);
        } catch (IOException e) {
            throw missing(name, e);
        }
        if (!file.startsWith(root)) {
            throw missing(name, null);
        }
        return file;
    }

    private static HttpException missing(String name, IOException cause) {
        return new HttpException(NOT_FOUND, "no such file: " + name, cause);
    }

    private static Path checked(Path file, String name) throws IOException {
        BasicFileAttributes attributes = Files.attributes(file);
        if (attributes.isDirectory()) {
            throw missing(name, null);
        }
        if (attributes.size() > MAX_BYTES) {
            throw new HttpException(
                    BAD_REQUEST, "name: got a file of " + attributes.size() + " bytes, need at most " + MAX_BYTES);
        }
        return file;
    }
}
