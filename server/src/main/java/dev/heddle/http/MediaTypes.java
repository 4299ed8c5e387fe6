package dev.heddle.http;

import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.UnsupportedCharsetException;
import java.util.Locale;
import java.util.Map;

/**
 * Types of content: those that names of files suggest, from the registry of media types (RFC 9239 for JavaScript).
 * {@link Ctx#file} and static files go by this table.
 */
public final class MediaTypes {
    private static final String UNKNOWN = "application/octet-stream";

    /** By extension; text is taken for UTF-8. */
    private static final Map<String, String> BY_EXTENSION = Map.ofEntries(
            Map.entry("avif", "image/avif"),
            Map.entry("bmp", "image/bmp"),
            Map.entry("bz2", "application/x-bzip2"),
            Map.entry("css", "text/css; charset=utf-8"),
            Map.entry("csv", "text/csv; charset=utf-8"),
            Map.entry("flac", "audio/flac"),
            Map.entry("gif", "image/gif"),
            Map.entry("gz", "application/gzip"),
            Map.entry("htm", "text/html; charset=utf-8"),
            Map.entry("html", "text/html; charset=utf-8"),
            Map.entry("ico", "image/vnd.microsoft.icon"),
            Map.entry("ics", "text/calendar; charset=utf-8"),
            Map.entry("jar", "application/java-archive"),
            Map.entry("jpeg", "image/jpeg"),
            Map.entry("jpg", "image/jpeg"),
            Map.entry("js", "text/javascript; charset=utf-8"),
            Map.entry("json", "application/json"),
            Map.entry("jsonld", "application/ld+json"),
            Map.entry("log", "text/plain; charset=utf-8"),
            Map.entry("m4a", "audio/mp4"),
            Map.entry("map", "application/json"),
            Map.entry("md", "text/markdown; charset=utf-8"),
            Map.entry("mjs", "text/javascript; charset=utf-8"),
            Map.entry("mp3", "audio/mpeg"),
            Map.entry("mp4", "video/mp4"),
            Map.entry("ogg", "audio/ogg"),
            Map.entry("opus", "audio/ogg"),
            Map.entry("otf", "font/otf"),
            Map.entry("pdf", "application/pdf"),
            Map.entry("png", "image/png"),
            Map.entry("rss", "application/rss+xml"),
            Map.entry("svg", "image/svg+xml"),
            Map.entry("tar", "application/x-tar"),
            Map.entry("tgz", "application/gzip"),
            Map.entry("ttf", "font/ttf"),
            Map.entry("txt", "text/plain; charset=utf-8"),
            Map.entry("wasm", "application/wasm"),
            Map.entry("wav", "audio/wav"),
            Map.entry("webm", "video/webm"),
            Map.entry("webmanifest", "application/manifest+json"),
            Map.entry("webp", "image/webp"),
            Map.entry("woff", "font/woff"),
            Map.entry("woff2", "font/woff2"),
            Map.entry("xml", "application/xml"),
            Map.entry("yaml", "application/yaml"),
            Map.entry("yml", "application/yaml"),
            Map.entry("zip", "application/zip"),
            Map.entry("zst", "application/zstd"));

    private MediaTypes() {}

    /**
     * Returns the type that a file's name suggests.
     *
     * @param name the name, with or without a path; its extension counts, in upper or lower case
     * @return the type, with {@code charset=utf-8} if it is text; {@code application/octet-stream} if nothing is known
     */
    public static String of(String name) {
        return BY_EXTENSION.getOrDefault(extension(name), UNKNOWN);
    }

    /**
     * Returns the extension of a file's name.
     *
     * @param name the name, with or without a path
     * @return what follows its last dot, in lower case; empty if there is none
     */
    public static String extension(String name) {
        int dot = name.lastIndexOf('.');
        return dot <= name.lastIndexOf('/') ? "" : name.substring(dot + 1).toLowerCase(Locale.ROOT);
    }

    /**
     * Returns the charset of a {@code Content-Type}.
     *
     * @param type the header's value; null for none
     * @param other what to return if it has none
     * @throws HttpException with 415 if there is no such charset
     */
    static Charset charset(String type, Charset other) {
        if (type == null) {
            return other;
        }
        Parameters parameters = new Parameters(type);
        while (parameters.next()) {
            if (parameters.name().equalsIgnoreCase("charset")) {
                try {
                    return Charset.forName(parameters.value());
                } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
                    throw new HttpException(415, "content-type: got a charset that is not known here", e);
                }
            }
        }
        return other;
    }
}
