/**
 * HTTP servers whose handlers are plain blocking Java, each request in a goroutine of its own: {@snippet :
 * App.create().get("/", c -> c.text("hello")).run();
 * }
 *
 * <p>{@link dev.heddle.http.App} has the routes and becomes a {@link dev.heddle.http.Server}; {@link dev.heddle.http.Ctx} is
 * one request and its answer; {@link dev.heddle.http.ServerConfig} has the limits and times, all of which are set unless
 * switched off; {@link dev.heddle.http.HttpException} is an outcome that is an error.
 *
 * <p>Who runs what: Netty's code and {@code Http1Connection} run on the poller goroutine of the connection's loop, handlers and
 * everything that they call in the goroutine of their request. The two share three small protocols, {@code Turns},
 * {@code RequestBody} and {@code Outbound}, and no lock. The module's README goes through one request stop by stop.
 */
package dev.heddle.http;
