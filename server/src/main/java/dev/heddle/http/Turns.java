package dev.heddle.http;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/*
 * Whose turn it is on a connection
 *
 * Requests of one connection are served one after the other, each in a goroutine of its own, so that answers come in order.
 * The requests form a chain (Exchange.next) in the order of their arrival; `count` is the length of its unfinished rest, and
 * whoever serves its first request holds the turn.
 *
 *   count   who moves it                          meaning
 *   0       loop, to 1: it begins that request    nobody has the turn
 *   n > 0   loop, to n + 1: it only adds          one request is being served, n - 1 wait
 *   n > 0   the holder, to n - 1: it has finished; if n - 1 > 0 it begins the next, else the turn is free
 *
 * Why no request is lost or begun twice: the loop links a request to the one before it and then raises the count; the
 * holder lowers the count and then looks at its own link. Both changes are atomic, so exactly one of them sees
 * the other: if the holder finds requests left, their link is visible to it; if it finds none, the loop finds zero and
 * begins the request itself.
 *
 * A holder begins the next request with Scheduler.go from its own goroutine, so the chain stays on one P, without a thread
 * hop and without the poller.
 *
 * Full. When `count` reaches the limit the loop stops decoding and reading and sets `full`; a holder that finds `full`
 * with half of them done sends RESUME to the loop. The loop sets `full` before it looks at the count again, the holder
 * lowers the count before it looks at `full`: one of them sees the other, so reading is always taken up again.
 *
 * Over. A holder whose answer closes the connection sets `over` before it passes the turn on: the rest of the chain is then
 * dropped by whoever gets the turn.
 *
 * Gone. Requests that wait when the client goes would be dropped one by one, but not before the one that is served has ended:
 * the loop lets go of them at once (`abandon`). It lowers the count from n to 1 by CAS, which takes the n - 1 waiting ones from
 * the holder: who then lowers the count to 0 does not look at its link. The loop finds them because it keeps the chain from
 * `first` on, whose length `linked` it knows: the one that is served is n from its end.
 *
 * What waits costs memory: see Inbound. So does what is served (`servedBytes`), but that is only told (Account): if reading
 * stopped for it, a handler could wait in vain for its body.
 */

/** Passes the turn from request to request of one connection. */
final class Turns {
    private static final VarHandle COUNT;

    static {
        try {
            COUNT = MethodHandles.lookup().findVarHandle(Turns.class, "count", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Http1Connection connection;
    private final int limit;

    @SuppressWarnings("unused") // through COUNT
    private int count;

    /** A request that is being served or has been served, and those after it up to {@link #last}. Loop only. */
    private Exchange first;
    /** The tail of the chain. Loop only. */
    private Exchange last;
    /** How many requests the chain has from {@link #first} on. Loop only. */
    private int linked;
    /** Written by the loop. */
    private volatile boolean full;
    /** Written and read by the holder of the turn. */
    private boolean over;
    /** The request that was begun last. Written by the holder of the turn, read by anybody as a hint. */
    private Exchange serving;
    /** What the request costs that was begun last, until {@link #forget}. Written by the holder of the turn, read as a figure. */
    private int servedBytes;
    /** Requests begun. Written by the holder of the turn, read by anybody as a figure. */
    private int begun;

    Turns(Http1Connection connection, int limit) {
        this.connection = connection;
        this.limit = limit;
    }

    /** Adds a request, and begins it if it is the first. Loop only. */
    void add(Exchange exchange) {
        Exchange tail = last;
        last = exchange;
        exchange.cost = exchange.rejection == null ? connection.headCost() : Inbound.REQUEST_BYTES;
        if ((int) COUNT.getAcquire(this) == 0) { // pairs with the last holder's getAndAdd; only the loop raises the count
            COUNT.setRelease(this, 1);
            first = exchange;
            linked = 1;
            begin(exchange);
            return;
        }
        tail.next = exchange;
        linked++;
        int before = (int) COUNT.getAndAdd(this, 1);
        connection.inbound().hold(exchange.cost);
        prune(before + 1);
        if (before == 0) {
            begin(taken(exchange));
        } else if (before + 1 >= limit) {
            full = true;
            connection.pauseDecoding();
            if (isHalfDone((int) COUNT.getVolatile(this))) {
                connection.signal(Signal.RESUME);
            }
        }
    }

    /** Passes the turn on. By the holder, as its last act on the connection. */
    void finished(Exchange exchange) {
        int left = (int) COUNT.getAndAdd(this, -1) - 1;
        if (full && isHalfDone(left)) {
            connection.signal(Signal.RESUME);
        }
        if (left > 0) {
            connection.shared.passOn();
            begin(taken(exchange.next));
        } else {
            free();
        }
    }

    private void free() {
        if (connection.isGone()) {
            connection.shared.closed(connection);
        } else if (connection.isEnding()) {
            connection.signal(Signal.RESUME);
        }
    }

    /** This one has waited, and does so no more. */
    private Exchange taken(Exchange exchange) {
        connection.inbound().letGo(exchange.cost);
        return exchange;
    }

    private void begin(Exchange firstOfRest) {
        Exchange exchange = firstOfRest;
        while (true) {
            if (over || connection.isGone()) {
                exchange.drop();
            } else {
                begun++;
                serving = exchange;
                servedBytes = exchange.cost;
                if (exchange.begin()) {
                    return;
                }
                over = true;
            }
            if ((int) COUNT.getAndAdd(this, -1) == 1) {
                free();
                return;
            }
            exchange = taken(exchange.next);
        }
    }

    private boolean isHalfDone(int left) {
        return left <= limit / 2;
    }

    /** No request after this one is served. By the holder, before {@link #finished}. */
    void over() {
        over = true;
    }

    /** Returns whether no request waits behind the one that has the turn, as far as is known. By its holder. */
    boolean isLast() {
        return (int) COUNT.getAcquire(this) == 1;
    }

    /** Lets requests come again if enough have been served. Loop only. */
    void takeUpAgain() {
        if (full && isHalfDone((int) COUNT.getVolatile(this))) {
            full = false;
        }
    }

    /** Loop only. */
    boolean isFull() {
        return full;
    }

    /** Returns whether no request is being served. Certain only for the loop, as long as it adds none. */
    boolean isIdle() {
        return (int) COUNT.getAcquire(this) == 0;
    }

    /** Returns whether the request that is being served has called {@link System#exit}. Costs a walk of its stack. */
    boolean isInExit() {
        Exchange now = serving;
        return !isIdle() && now != null && now.isInExit();
    }

    /** Lets go of requests that have been served. Loop only. */
    void forget() {
        int left = (int) COUNT.getAcquire(this);
        if (left == 0) {
            first = null;
            last = null;
            serving = null;
            servedBytes = 0;
            linked = 0;
        } else {
            prune(left);
        }
    }

    /** Keeps of the chain no more than so many requests: those that have not been finished. */
    private void prune(int unfinished) {
        while (linked > unfinished) {
            first = first.next;
            linked--;
        }
    }

    /**
     * Drops the requests that wait: the client has gone. Loop only.
     *
     * @param cut whether the one that is served is to let go of its body too
     */
    void abandon(boolean cut) {
        int left = (int) COUNT.getVolatile(this);
        while (left > 1 && !COUNT.compareAndSet(this, left, 1)) { // pairs with the getAndAdd of the holder
            left = (int) COUNT.getVolatile(this);
        }
        if (left == 0) {
            return;
        }
        prune(left);
        if (cut && first.body != null) {
            first.body.abandon();
        }
        Exchange exchange = first.next;
        first.next = null;
        last = first;
        linked = 1;
        while (exchange != null) {
            exchange.drop();
            connection.inbound().letGo(exchange.cost);
            exchange = exchange.next;
        }
    }

    /** Returns what it costs to keep the request that is served, or whose answer has not been written, in bytes; a figure. */
    int servedBytes() {
        return servedBytes;
    }

    /** Returns how many requests have been begun, as a figure. */
    int begun() {
        return begun;
    }
}
