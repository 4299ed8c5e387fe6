package dev.heddle.http;

import java.util.concurrent.atomic.LongAdder;

/** Counters of one server. Each is written seldom; what is counted for each request is counted by its connection. */
final class Counters {
    final LongAdder accepted = new LongAdder();
    /** Requests of connections that are closed. */
    final LongAdder requests = new LongAdder();

    private final LongAdder[] events = new LongAdder[Event.values().length];

    Counters() {
        for (int i = 0; i < events.length; i++) {
            events[i] = new LongAdder();
        }
    }

    void count(Event event) {
        events[event.ordinal()].increment();
    }

    long of(Event event) {
        return events[event.ordinal()].sum();
    }
}
