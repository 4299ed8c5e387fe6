package dev.heddle.http.files;

import dev.heddle.http.HttpException;
import dev.heddle.os.File;
import dev.heddle.os.Files;
import dev.heddle.sched.Syscall;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files below a directory, and nothing else: whatever a name or a link leads to must be inside it when all links
 * are resolved.
 *
 * @param root the directory, without links
 * @param settings what is served of it
 */
record Tree(Path root, Settings settings) {
    /**
     * What is served.
     *
     * @param index the file that stands for a directory; null for none
     * @param hidden whether names that begin with a dot are served
     * @param precompressed whether compressed siblings are looked for
     * @param types types of content
     */
    record Settings(String index, boolean hidden, boolean precompressed, ContentTypes types) {}

    /**
     * A file that can be sent.
     *
     * @param path where it is, without links
     * @param attributes as they were when it was found
     * @param type its type of content, that of the original for a compressed form
     * @param coding how it is compressed; null if it is not
     * @param varies whether the client's {@code Accept-Encoding} had to do with the choice
     */
    record Found(Path path, BasicFileAttributes attributes, String type, Coding coding, boolean varies) {}

    private static final Logger LOG = LoggerFactory.getLogger(StaticFiles.class);
    private static final String WELL_KNOWN = ".well-known";

    /**
     * Finds a file.
     *
     * @param name where, below the root; ends with a slash, or is empty, for a directory
     * @param acceptEncoding what the client says about compression; empty for nothing
     * @return the file; null for a directory whose name lacks the slash at its end, and that has an index
     * @throws HttpException with 404 if there is none that may be served, 403 if the server may not read it
     * @throws IOException if there may be one, but it cannot be found out: the root cannot be entered, the disk is broken
     */
    Found find(String name, String acceptEncoding) throws IOException {
        if (!settings.hidden && isHidden(name)) {
            throw new HttpException(404);
        }
        try {
            Path path = root.resolve(name);
            BasicFileAttributes attributes = Files.attributesIfExists(path);
            boolean directory = name.isEmpty() || name.endsWith("/");
            if (attributes == null || directory && !attributes.isDirectory()) {
                throw new HttpException(404);
            }
            if (!attributes.isDirectory()) {
                return regular(path, attributes, acceptEncoding);
            }
            Path index = settings.index == null ? null : path.resolve(settings.index);
            Found found = regular(index, index == null ? null : Files.attributesIfExists(index), acceptEncoding);
            return directory ? found : null;
        } catch (InvalidPathException e) {
            throw new HttpException(404, null, e);
        } catch (FileSystemException e) {
            throw answer(e);
        }
    }

    /** Says what an error means to the client; throws it if that is nothing: then it is the server's. */
    private HttpException answer(FileSystemException e) throws FileSystemException {
        if (Files.isMissing(e)) {
            return new HttpException(404, null, e);
        }
        if (e instanceof AccessDeniedException && Syscall.call(() -> java.nio.file.Files.isExecutable(root))) {
            return new HttpException(403, null, e); // of one file; as Go and nginx answer
        }
        throw e;
    }

    private static boolean isHidden(String name) {
        boolean wellKnown = name.equals(WELL_KNOWN) || name.startsWith(WELL_KNOWN + "/");
        return name.startsWith(".") && !wellKnown || name.contains("/.");
    }

    private Found regular(Path file, BasicFileAttributes attributes, String acceptEncoding) throws IOException {
        Path real = attributes == null || !attributes.isRegularFile() ? null : inside(file);
        if (real == null) {
            throw new HttpException(404);
        }
        String type = settings.types.of(file.getFileName().toString());
        boolean varies = settings.precompressed && ContentTypes.isCompressible(type);
        List<Coding> codings = varies ? Coding.accepted(acceptEncoding) : List.of();
        for (Coding coding : codings) {
            Found sibling = sibling(file, attributes, type, coding);
            if (sibling != null) {
                return sibling;
            }
        }
        return new Found(real, attributes, type, null, varies);
    }

    /** Returns a compressed form of a file, or null if there is none; one that is older than the file is none. */
    private Found sibling(Path file, BasicFileAttributes original, String type, Coding coding) throws IOException {
        Path path = file.resolveSibling(file.getFileName() + coding.suffix);
        BasicFileAttributes attributes;
        try {
            attributes = Files.attributesIfExists(path);
        } catch (FileSystemException e) {
            if (Files.isMissing(e)) { // its name is too long, or it is a link to itself: the original is there
                return null;
            }
            throw e;
        }
        if (attributes == null
                || !attributes.isRegularFile()
                || attributes.lastModifiedTime().compareTo(original.lastModifiedTime()) < 0) {
            return null;
        }
        Path real = inside(path);
        return real == null ? null : new Found(real, attributes, type, coding, true);
    }

    /** Returns the path without links, or null if that is outside of the root. */
    private Path inside(Path path) throws IOException {
        Path real = Files.realPath(path);
        if (real.startsWith(root)) {
            return real;
        }
        LOG.debug("a link leads to {}, outside of {}", real, root);
        return null;
    }

    /**
     * Opens a file that was found.
     *
     * @throws HttpException with 404 if it is gone, or not a regular file any more, 403 if the server may not read it
     * @throws IOException if it cannot be opened, for want of descriptors for example
     */
    File open(Found found) throws IOException {
        File file;
        try {
            file = File.open(found.path);
        } catch (FileSystemException e) {
            BasicFileAttributes now = Files.attributesIfExists(found.path);
            if (now == null || !now.isRegularFile()) { // it is gone since it was found, or a directory has taken its place
                throw new HttpException(404, null, e);
            }
            throw answer(e);
        }
        if (!file.isSeekable()) {
            file.close();
            throw new HttpException(404);
        }
        return file;
    }

    /** Returns whether a file that is open now is the one that was found, and unchanged. */
    boolean isSame(File file, Found found) throws IOException {
        BasicFileAttributes before = found.attributes;
        BasicFileAttributes now = Files.attributesIfExists(found.path);
        return now != null
                && file.size() == before.size()
                && now.size() == before.size()
                && now.lastModifiedTime().equals(before.lastModifiedTime())
                && Objects.equals(now.fileKey(), before.fileKey());
    }
}
