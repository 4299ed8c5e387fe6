package dev.heddle.http.files;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Types of content by extension of the name, from the registry of media types (RFC 9239 for JavaScript). Text is UTF-8.
 *
 * @param added by extension, in place of those in the table
 */
record ContentTypes(Map<String, String> added) {
    private static final String UNKNOWN = "application/octet-stream";

    private static final Map<String, String> TABLE = Map.ofEntries(
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

    /** Returns these and one more. */
    ContentTypes with(String extension, String type) {
        Map<String, String> more = new HashMap<>(added);
        more.put(extension.toLowerCase(Locale.ROOT), type);
        return new ContentTypes(Map.copyOf(more));
    }

    /** Returns the type that a file's name suggests. */
    String of(String name) {
        int dot = name.lastIndexOf('.');
        if (dot < 0) {
            return UNKNOWN;
        }
        String extension = name.substring(dot + 1).toLowerCase(Locale.ROOT);
        String type = added.get(extension);
        return type == null ? TABLE.getOrDefault(extension, UNKNOWN) : type;
    }

    /**
     * Returns whether compression makes content of a type smaller, so that it is worth looking for compressed forms.
     */
    static boolean isCompressible(String type) {
        return type.startsWith("text/")
                || type.startsWith("font/") && !type.startsWith("font/woff")
                || type.startsWith("image/svg")
                || type.startsWith("image/bmp")
                || type.startsWith("image/vnd.microsoft.icon")
                || type.startsWith("application/") && !isPacked(type);
    }

    private static boolean isPacked(String type) {
        return switch (type) {
            case "application/gzip",
                    "application/zip",
                    "application/zstd",
                    "application/x-bzip2",
                    "application/java-archive",
                    "application/pdf" -> true;
            default -> false;
        };
    }
}
