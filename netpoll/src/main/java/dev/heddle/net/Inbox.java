package dev.heddle.net;

import io.netty.buffer.ByteBuf;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Received buffers on their way from the loop to the reader: a linked queue for one producer and one consumer that also
 * knows how much memory it holds.
 *
 * <p>The producer links a node by a release store of {@code next} (pairs with the acquire load in {@link #peek}).
 * Memory is counted by two numbers that only grow, each written by one side: what was put in and what was taken out.
 * Both are volatile, because whether to go on reading is decided by both sides: see {@link ConnHandler}.
 */
final class Inbox {
    private static final class Node {
        private static final VarHandle NEXT;

        static {
            try {
                NEXT = MethodHandles.lookup().findVarHandle(Node.class, "next", Node.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        /** Null once taken: the last node taken stays as the head. */
        private ByteBuf buffer;

        @SuppressWarnings("unused") // through NEXT
        private Node next;

        Node(ByteBuf buffer) {
            this.buffer = buffer;
        }
    }

    private Node tail; // producer only
    private Node head; // consumer only: the node before the first
    private volatile long put; // written by the producer
    private volatile long taken; // written by the consumer

    Inbox() {
        tail = new Node(null);
        head = tail;
    }

    /** Producer: adds a buffer, which belongs to the queue from now on. */
    void put(ByteBuf buffer) {
        put += buffer.capacity(); // before it can be taken, so that the difference is never negative
        Node node = new Node(buffer);
        Node.NEXT.setRelease(tail, node);
        tail = node;
    }

    /** Consumer: returns the first buffer, which stays in the queue, or null. */
    ByteBuf peek() {
        Node first = (Node) Node.NEXT.getAcquire(head);
        return first == null ? null : first.buffer;
    }

    /** Consumer: releases the first buffer. */
    void remove() {
        Node first = (Node) Node.NEXT.getAcquire(head);
        ByteBuf buffer = first.buffer;
        first.buffer = null;
        head = first;
        taken += buffer.capacity();
        buffer.release();
    }

    /** Consumer: releases everything. */
    void clear() {
        while (peek() != null) {
            remove();
        }
    }

    /** Consumer: returns how many bytes can be read at once. */
    int readableBytes() {
        long sum = 0;
        Node node = head;
        while ((node = (Node) Node.NEXT.getAcquire(node)) != null) {
            sum += node.buffer.readableBytes();
        }
        return (int) Math.min(sum, Integer.MAX_VALUE);
    }

    /** Returns the bytes of memory that the buffers hold. Either side. */
    long heldBytes() {
        long t = taken; // first: it only grows, so the difference is never negative
        return put - t;
    }
}
