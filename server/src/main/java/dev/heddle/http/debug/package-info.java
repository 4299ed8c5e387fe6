/**
 * Looks into a running server, each mounted with one call: {@snippet :
 * app.install(Traces.at("/debug/trace"));
 * app.install(Profiles.at("/debug/pprof"));
 * }
 */
package dev.heddle.http.debug;
