package dev.heddle.http.files;

import dev.heddle.http.MediaTypes;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Types of content by extension of the name: those of {@link MediaTypes}, and what an application has added.
 *
 * @param added by extension, in place of those in the table
 */
record ContentTypes(Map<String, String> added) {
    /** Returns these and one more. */
    ContentTypes with(String extension, String type) {
        Map<String, String> more = new HashMap<>(added);
        more.put(extension.toLowerCase(Locale.ROOT), type);
        return new ContentTypes(Map.copyOf(more));
    }

    /** Returns the type that a file's name suggests. */
    String of(String name) {
        String type = added.get(MediaTypes.extension(name));
        return type == null ? MediaTypes.of(name) : type;
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
