/**
 * Files of a directory under a path of the application: {@snippet :
 * app.install(StaticFiles.at("/static", Path.of("public")));
 * }
 *
 * <p>One request, stop by stop: {@link dev.heddle.http.files.StaticFiles} takes what follows the prefix; {@code Tree}
 * finds the file, or a compressed sibling that the client can read, inside the directory; {@code Validators} decides
 * about 304 and 412; {@code ByteRange} about 206 and 416; then the file is read through {@link dev.heddle.os.File}, 64
 * KiB at a time, as fast as the client takes it.
 */
package dev.heddle.http.files;
