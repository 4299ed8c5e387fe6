package dev.heddle.http.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.prometheus.metrics.expositionformats.ExpositionFormats;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which format a client gets; protobuf cannot be written here. */
class NegotiationTest {
    private final Negotiation formats = new Negotiation(ExpositionFormats.init());

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // Prometheus: 2.0, 2.5, 2.42, 2.42 and 2.55 with native histograms, 3.0, 3.0 with native histograms
                "text/plain;version=0.0.4;q=1,*/*;q=0.1 | text",
                "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1 | text",
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                        + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1 | open",
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
                        + "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;"
                        + "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1 | open",
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.5,"
                        + "application/openmetrics-text;version=1.0.0;q=0.4,application/openmetrics-text;version=0.0.1;"
                        + "q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1 | open",
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                        + "application/openmetrics-text;version=0.0.1;q=0.5,"
                        + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
                        + "*/*;q=0.2 | open",
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
                        + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
                        + "*/*;q=0.2 | text",
                // others
                "'' | text",
                "*/* | text",
                "text/* | text",
                "application/* | open",
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8 | text",
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited | text",
                "application/openmetrics-text | open",
                "APPLICATION/OpenMetrics-Text ; Version=1.0.0 | open",
                "text/plain;version=0.0.4;q=0.3, application/openmetrics-text;version=1.0.0;q=0.2 | text",
                "text/plain;q=0, */*;q=0.5 | open",
                "application/openmetrics-text;q=0, */* | text",
                "application/openmetrics-text, */* | open",
                "application/openmetrics-text;q=abc, text/plain;q=0.1 | text",
                "image/png | text",
                "',;,; q=1,' | text",
            })
    void theBestThatCanBeWritten(String accept, String expected) {
        String type = formats.writer(accept).getContentType();
        assertEquals(expected, type.startsWith("text/plain; version=0.0.4") ? "text" : type.substring(12, 16), type);
    }
}
