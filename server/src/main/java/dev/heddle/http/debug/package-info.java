/**
 * Looks into a running server, mounted with one call: {@snippet :
 * app.install(Traces.at("/debug/trace"));
 * }
 */
package dev.heddle.http.debug;
