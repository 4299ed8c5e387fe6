package dev.heddle.http.files;

import dev.heddle.http.App;
import dev.heddle.http.Ctx;
import dev.heddle.http.HttpException;
import dev.heddle.os.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Serves the files of a directory: {@code app.install(StaticFiles.at("/static", Path.of("public")))}, for an
 * application or a group.
 *
 * <p>Answers GET and HEAD, with entity tags and dates from the files' sizes and times (never by reading them), 304 and
 * 412 by the conditions of the request, one range (206 and 416, several are answered with the whole file), and
 * compressed siblings: beside {@code app.js} may lie {@code app.js.br}, {@code app.js.zst} and {@code app.js.gz}, which
 * clients get who accept them, unless they are older than the original.
 *
 * <p>A directory is answered with its {@code index.html}, under its name with a slash at the end, or with 404; it is
 * never listed. Names that begin with a dot are not served, except {@code .well-known}. Nothing outside of the
 * directory is, not even through a symbolic link; links inside are followed. Only regular files are served. What is not
 * there is answered with 404, what the server has no permission to read with 403, and what it cannot read for another
 * reason (too few descriptors, a broken disk, a directory that is closed to it as a whole) with 500 and an entry in the log.
 *
 * <p>Files are read through {@link File} in pieces of 64 KiB, as fast as the client takes them. A file that is cut off
 * while it is sent breaks the answer off, so that the client does not take it for complete; one that is replaced is
 * sent as it was. Validators always belong to what is sent with them; a file that changes all the time has none.
 */
public final class StaticFiles implements Consumer<App> {
    /** What is read at once, and the largest file that is sent in one message. */
    private static final int PIECE_BYTES = 64 << 10;

    /** How often a file is looked for that changes between the look at it and the opening. A guess. */
    private static final int ATTEMPTS = 3;

    private static final String TAIL = "file";

    private final String path;
    private final Path directory;
    private final String cacheControl;
    private final Tree.Settings settings;

    private StaticFiles(String path, Path directory, String cacheControl, Tree.Settings settings) {
        this.path = path;
        this.directory = directory;
        this.cacheControl = cacheControl;
        this.settings = settings;
    }

    /**
     * Returns the files of a directory under a path.
     *
     * @param path where they are served, a template without a tail; {@code /} for everything that no other route
     *     matches
     * @param directory the directory, which must exist when this is installed. A link that it is itself is resolved
     *     then
     */
    public static StaticFiles at(String path, Path directory) {
        Objects.requireNonNull(path, "path");
        Objects.requireNonNull(directory, "directory");
        if (!path.startsWith("/") || path.length() > 1 && path.endsWith("/")) {
            throw new IllegalArgumentException(
                    "path: got '" + path + "', need / or one that begins with / and does not end so");
        }
        return new StaticFiles(
                path, directory, null, new Tree.Settings("index.html", false, true, new ContentTypes(Map.of())));
    }

    /**
     * Returns the same with a {@code Cache-Control}.
     *
     * @param value such as {@code public, max-age=31536000, immutable}; null for none, which is the standard
     */
    public StaticFiles withCacheControl(String value) {
        return new StaticFiles(path, directory, value, settings);
    }

    /**
     * Returns the same with another file that stands for its directory.
     *
     * @param name its name; null for none. The standard is {@code index.html}
     */
    public StaticFiles withIndex(String name) {
        return with(new Tree.Settings(name, settings.hidden(), settings.precompressed(), settings.types()));
    }

    /** Returns the same that serves names beginning with a dot, or not, which is the standard. */
    public StaticFiles withHidden(boolean value) {
        return with(new Tree.Settings(settings.index(), value, settings.precompressed(), settings.types()));
    }

    /** Returns the same that looks for compressed siblings, which is the standard, or not. */
    public StaticFiles withPrecompressed(boolean value) {
        return with(new Tree.Settings(settings.index(), settings.hidden(), value, settings.types()));
    }

    /**
     * Returns the same with another type of content for an extension.
     *
     * @param extension without the dot, in any case
     * @param type such as {@code text/plain; charset=utf-8}
     */
    public StaticFiles withType(String extension, String type) {
        return with(new Tree.Settings(
                settings.index(),
                settings.hidden(),
                settings.precompressed(),
                settings.types().with(extension, Objects.requireNonNull(type, "type"))));
    }

    private StaticFiles with(Tree.Settings changed) {
        return new StaticFiles(path, directory, cacheControl, changed);
    }

    /**
     * Adds the routes.
     *
     * @throws IllegalArgumentException if the directory does not exist, or another route matches the same requests
     */
    @Override
    public void accept(App app) {
        Path root;
        try {
            root = directory.toRealPath();
        } catch (IOException e) {
            throw new IllegalArgumentException("directory: got " + directory + ", need one that exists", e);
        }
        if (!Files.isDirectory(root)) {
            throw new IllegalArgumentException("directory: got " + directory + ", which is none");
        }
        Tree tree = new Tree(root, settings);
        String prefix = path.equals("/") ? "" : path;
        app.get(prefix + "/{" + TAIL + "...}", c -> serve(c, tree, c.path(TAIL).get()));
        if (!prefix.isEmpty() && settings.index() != null) {
            app.get(prefix, c -> {
                tree.find("", "");
                redirect(c);
            });
        }
    }

    private void serve(Ctx c, Tree tree, String name) throws Exception {
        for (int attempt = 1; ; attempt++) {
            Tree.Found found = tree.find(name, String.join(",", c.headerAll("Accept-Encoding")));
            if (found == null) {
                redirect(c);
                return;
            }
            Validators validators = Validators.of(found.attributes(), found.coding(), Instant.now());
            if (isAnsweredWithoutContent(c, found, validators)) {
                return;
            }
            try (File file = tree.open(found)) {
                if (tree.isSame(file, found) && send(c, found, validators, file)) {
                    return;
                }
                if (attempt >= ATTEMPTS) {
                    sendAsItIs(c, found, file);
                    return;
                }
            }
        }
    }

    private boolean isAnsweredWithoutContent(Ctx c, Tree.Found found, Validators validators) {
        switch (validators.evaluate(c)) {
            case FAILED -> throw new HttpException(412);
            case NOT_MODIFIED -> {
                headers(c, found, validators);
                c.status(304);
                return true;
            }
            case SEND -> {
                if (!c.method().equals("HEAD")) {
                    return false;
                }
                headers(c, found, validators);
                c.header("Content-Type", found.type())
                        .header(
                                "Content-Length",
                                Long.toString(found.attributes().size()));
                return true;
            }
        }
        throw new AssertionError("unknown outcome");
    }

    /** Returns false if the file has become shorter before anything was sent. */
    private boolean send(Ctx c, Tree.Found found, Validators validators, File file) throws Exception {
        long size = found.attributes().size();
        ByteRange range = validators.allowsRange(joined(c, "If-Range")) ? ByteRange.parse(joined(c, "Range"), size) : null;
        if (range == ByteRange.UNSATISFIABLE) {
            throw new HttpException(416).withHeader("Content-Range", "bytes */" + size);
        }
        long first = range == null ? 0 : range.first();
        long length = range == null ? size : range.length();
        byte[] whole = length <= PIECE_BYTES ? read(file, first, (int) length) : null;
        if (length <= PIECE_BYTES && whole == null) {
            return false;
        }
        headers(c, found, validators);
        if (range != null) {
            c.status(206).header("Content-Range", range.contentRange(size));
        }
        if (whole != null) {
            c.bytes(found.type(), whole);
        } else {
            c.stream(found.type(), length, out -> copy(file, first, length, out));
        }
        return true;
    }

    /** Returns the value of all lines of a header, null for none: two where one belongs cannot be read, and so are ignored. */
    private static String joined(Ctx c, String header) {
        return c.header(header).isPresent() ? String.join(",", c.headerAll(header)) : null;
    }

    /** For a file that never holds still, such as a busy log: what there is of it now, without validators. */
    private void sendAsItIs(Ctx c, Tree.Found found, File file) throws Exception {
        headers(c, found, null);
        long length = file.size();
        c.stream(found.type(), length, out -> copy(file, 0, length, out));
    }

    /** Returns part of a file, or null if it has become shorter. */
    private static byte[] read(File file, long first, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (file.readAt(bytes, first + bytes.position()) < 0) {
                return null;
            }
        }
        return bytes.array();
    }

    private static void copy(File file, long first, long length, OutputStream out) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
        for (long done = 0; done < length; done += piece.position()) {
            piece.clear().limit((int) Math.min(PIECE_BYTES, length - done));
            if (file.readAt(piece, first + done) < 0) {
                throw new IOException("file " + file + ": got its end at " + (first + done) + ", need "
                        + (first + length) + " bytes; it was cut off while it was sent");
            }
            out.write(piece.array(), 0, piece.position());
        }
    }

    /** Sets what goes with every answer; {@code validators} is null if there are none. */
    private void headers(Ctx c, Tree.Found found, Validators validators) {
        if (validators != null) {
            c.header("ETag", validators.etag())
                    .header("Last-Modified", HttpTime.format(validators.modified()))
                    .header("Accept-Ranges", "bytes");
        }
        c.header("X-Content-Type-Options", "nosniff");
        if (cacheControl != null) {
            c.header("Cache-Control", cacheControl);
        }
        if (found.varies()) {
            c.addHeader("Vary", "Accept-Encoding");
        }
        if (found.coding() != null) {
            c.header("Content-Encoding", found.coding().token);
        }
    }

    /** To the same name with a slash at its end: links in an index are relative to that. */
    private static void redirect(Ctx c) {
        String target = c.uri();
        int query = target.indexOf('?');
        String raw = query < 0 ? target : target.substring(0, query);
        String last = raw.substring(raw.lastIndexOf('/') + 1);
        c.redirect(301, "./" + last + "/" + (query < 0 ? "" : target.substring(query)));
    }
}
