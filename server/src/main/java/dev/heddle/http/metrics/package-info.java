/**
 * Metrics for Prometheus, mounted with one call: {@snippet :
 * app.install(Metrics.at("/metrics"));
 * }
 *
 * <p>Figures of the scheduler and the netpoller are taken from their own counters when somebody asks for them; requests
 * are counted in {@link dev.heddle.http.metrics.RequestMetrics} as they finish. No counter here is shared by all
 * threads.
 */
package dev.heddle.http.metrics;
