package dev.heddle.http;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A queue from any number of producers to one consumer that takes everything at once, and that the consumer can shut.
 *
 * <p>States, in one word: null (empty), the newest of a chain of cells, or {@link #SHUT_CELL}. A producer puts its cell in
 * front by CAS, the consumer takes the whole chain by exchange and turns it round. The result of {@link #push} tells whether
 * the box was empty before: exactly one producer learns that for each chain that the consumer will take, so that one wakes
 * it. No item is lost: what was pushed before {@link #shut} is in the chain that shut returns, what comes later is refused,
 * and whoever was refused still owns the item.
 *
 * @param <T> what is queued
 */
final class Mailbox<T> {
    /** {@link #push}: the box was empty, the consumer must be told. */
    static final int FIRST = 0;
    /** {@link #push}: somebody else has told the consumer already. */
    static final int MORE = 1;
    /** {@link #push}: refused, the caller keeps the item. */
    static final int SHUT = 2;

    private static final VarHandle HEAD;
    private static final Cell<Object> SHUT_CELL = new Cell<>(null);

    static {
        try {
            HEAD = MethodHandles.lookup().findVarHandle(Mailbox.class, "head", Cell.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** One item of a chain. */
    static final class Cell<T> {
        final T item;
        /** While in the box the one pushed before, once taken the one pushed after; null at the end. */
        Cell<T> next;

        Cell(T item) {
            this.item = item;
        }
    }

    @SuppressWarnings("unused") // through HEAD
    private Cell<T> head;

    /** Adds an item. Any thread. Returns {@link #FIRST}, {@link #MORE} or {@link #SHUT}. */
    @SuppressWarnings("unchecked")
    int push(T item) {
        Cell<T> cell = new Cell<>(item);
        Cell<T> old = (Cell<T>) HEAD.getOpaque(this);
        while (true) {
            if (old == SHUT_CELL) {
                return SHUT;
            }
            cell.next = old;
            Cell<T> seen = (Cell<T>) HEAD.compareAndExchange(this, old, cell); // pairs with the exchange in takeAll and shut
            if (seen == old) {
                return old == null ? FIRST : MORE;
            }
            old = seen;
        }
    }

    /** Takes all items, oldest first; null if there are none. The consumer only. */
    @SuppressWarnings("unchecked")
    Cell<T> takeAll() {
        Cell<T> seen = (Cell<T>) HEAD.getOpaque(this);
        if (seen == null || seen == SHUT_CELL) {
            return null;
        }
        return oldestFirst((Cell<T>) HEAD.getAndSet(this, null));
    }

    /**
     * Returns whether there is nothing to take. The consumer only; sees whatever was pushed before something else that it has
     * seen.
     */
    boolean isEmpty() {
        Object seen = HEAD.getAcquire(this);
        return seen == null || seen == SHUT_CELL;
    }

    /** Refuses items from now on, and takes those that are there, oldest first; null if there are none. The consumer only. */
    @SuppressWarnings("unchecked")
    Cell<T> shut() {
        Cell<T> seen = (Cell<T>) HEAD.getAndSet(this, SHUT_CELL);
        return seen == SHUT_CELL ? null : oldestFirst(seen);
    }

    private static <T> Cell<T> oldestFirst(Cell<T> newest) {
        Cell<T> oldest = null;
        Cell<T> cell = newest;
        while (cell != null) {
            Cell<T> before = cell.next;
            cell.next = oldest;
            oldest = cell;
            cell = before;
        }
        return oldest;
    }
}
