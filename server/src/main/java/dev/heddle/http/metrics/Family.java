package dev.heddle.http.metrics;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricFamilyDescriptor;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * A metric: its name, meaning and labels, and how its points are read from some figures.
 *
 * @param <S> the figures
 */
record Family<S>(MetricFamilyDescriptor descriptor, Function<S, MetricSnapshot> snapshot) {
    private static final double NANOS = 1e9;

    /** A value with its labels. */
    record Point(Labels labels, double value) {}

    /** One with the value of a label. */
    static Point point(String label, String text, double value) {
        return new Point(Labels.of(label, text), value);
    }

    /** What goes up and down, without labels. */
    static <S> Family<S> gauge(String name, String help, ToDoubleFunction<S> value) {
        return gauges(name, help, s -> List.of(new Point(Labels.EMPTY, value.applyAsDouble(s))));
    }

    /** What goes up and down. */
    static <S> Family<S> gauges(String name, String help, Function<S, List<Point>> points, String... labels) {
        MetricFamilyDescriptor descriptor =
                MetricFamilyDescriptor.gauge(name).help(help).labelNames(labels).build();
        MetricMetadata metadata = descriptor.getMetadata();
        return new Family<>(
                descriptor,
                s -> new GaugeSnapshot(
                        metadata,
                        points.apply(s).stream()
                                .map(p -> new GaugeDataPointSnapshot(p.value, p.labels, null))
                                .toList()));
    }

    /** What only goes up, without labels. The name has {@code _total} added. */
    static <S> Family<S> counter(String name, String help, ToDoubleFunction<S> value) {
        return counters(name, help, s -> List.of(new Point(Labels.EMPTY, value.applyAsDouble(s))));
    }

    /** What only goes up. The name has {@code _total} added. */
    static <S> Family<S> counters(String name, String help, Function<S, List<Point>> points, String... labels) {
        MetricFamilyDescriptor descriptor = MetricFamilyDescriptor.counter(name)
                .help(help)
                .labelNames(labels)
                .build();
        MetricMetadata metadata = descriptor.getMetadata();
        return new Family<>(
                descriptor,
                s -> new CounterSnapshot(
                        metadata,
                        points.apply(s).stream()
                                .map(p -> new CounterDataPointSnapshot(p.value, p.labels, null, 0))
                                .toList()));
    }

    /** A histogram; its points are made with {@link #histogramPoint}. */
    static <S> Family<S> histograms(
            String name, String help, Function<S, List<HistogramDataPointSnapshot>> points, String... labels) {
        MetricFamilyDescriptor descriptor = MetricFamilyDescriptor.histogram(name)
                .help(help)
                .labelNames(labels)
                .build();
        MetricMetadata metadata = descriptor.getMetadata();
        return new Family<>(descriptor, s -> new HistogramSnapshot(metadata, points.apply(s)));
    }

    /**
     * A point of a histogram.
     *
     * @param labels its labels
     * @param boundsSeconds upper bounds, the last one infinite
     * @param counts observations in each bucket, not cumulative
     * @param sumNanos sum of all observations
     */
    static HistogramDataPointSnapshot histogramPoint(
            Labels labels, double[] boundsSeconds, long[] counts, long sumNanos) {
        return HistogramDataPointSnapshot.builder()
                .labels(labels)
                .classicHistogramBuckets(ClassicHistogramBuckets.of(boundsSeconds, counts))
                .sum(sumNanos / NANOS)
                .build();
    }
}
