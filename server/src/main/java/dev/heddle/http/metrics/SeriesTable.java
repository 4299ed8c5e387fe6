package dev.heddle.http.metrics;

import dev.heddle.http.RequestObserver.Finished;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the series of a request. A hash table with open addressing that is never changed: whoever misses a series makes
 * a new table under a lock and puts it in place of the old one, so that finding is a read of one field and a few
 * comparisons.
 */
final class SeriesTable {
    /**
     * The most series there can be. A guess: hundreds of routes with a handful of outcomes each; a series takes some
     * hundred bytes for each P and 17 lines of every scrape.
     */
    static final int MAX_SERIES = 4096;

    private static final Logger LOG = LoggerFactory.getLogger(Metrics.class);
    private static final String OTHER = "_OTHER";

    private final int stripes;

    /** A power of 2 long, at most half full; replaced as a whole, under the lock of this object. */
    private volatile Series[] table = new Series[64];

    /** Guarded by this object's lock. */
    private int size;

    /** Guarded by this object's lock. */
    private boolean warned;

    SeriesTable(int stripes) {
        this.stripes = stripes;
    }

    /** Returns the series for a request; makes it if this is the first of its kind. Any thread. */
    Series of(Finished request) {
        Series found = find(table, request);
        return found == null ? add(request) : found;
    }

    /** Returns all series. */
    List<Series> all() {
        List<Series> all = new ArrayList<>();
        for (Series series : table) {
            if (series != null) {
                all.add(series);
            }
        }
        return all;
    }

    private static Series find(Series[] table, Finished request) {
        int mask = table.length - 1;
        for (int i = Series.hash(request) & mask; ; i = i + 1 & mask) {
            Series series = table[i];
            if (series == null || series.isFor(request)) {
                return series;
            }
        }
    }

    private synchronized Series add(Finished request) {
        Series found = find(table, request);
        if (found != null) {
            return found; // somebody else was first
        }
        if (size >= MAX_SERIES) {
            return overflow(request);
        }
        return insert(request);
    }

    private Series insert(Finished request) {
        Series added = Series.of(request, stripes);
        size++;
        Series[] next = new Series[Math.max(table.length, Integer.highestOneBit(2 * size) * 2)];
        for (Series series : table) {
            if (series != null) {
                put(next, series);
            }
        }
        put(next, added);
        table = next;
        return added;
    }

    private static void put(Series[] table, Series series) {
        int i = series.hash() & table.length - 1;
        while (table[i] != null) {
            i = i + 1 & table.length - 1;
        }
        table[i] = series;
    }

    /** All that have no room share one series for each method. */
    private Series overflow(Finished request) {
        if (!warned) {
            warned = true;
            LOG.warn(
                    "request metrics: got more than {} combinations of labels; further ones are counted with"
                            + " http_route=\"{}\"",
                    MAX_SERIES,
                    OTHER);
        }
        Finished rest = new Finished(
                request.method(), OTHER, 0, request.protocolVersion(), request.scheme(), null, request.durationNanos());
        Series found = find(table, rest);
        return found == null ? insert(rest) : found;
    }
}
