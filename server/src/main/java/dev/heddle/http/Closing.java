package dev.heddle.http;

import dev.heddle.netpoll.Netpoll;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoop;

/**
 * Has a connection let go of everything once its channel is closed, in a task of its loop; once more if there was no memory for
 * that. Handlers are told by Netty as well (channelInactive), but not for sure: there may be no memory for the task that tells
 * them, or a handler before this one throws. The close future is completed in the moment that the socket is closed.
 */
final class Closing implements ChannelFutureListener, Runnable {
    /** So often in a row it is tried again: each time takes a pass of the loop, which frees what others had. A guess. */
    private static final int MOST_TRIES = 1_000;

    private final Http1Connection connection;
    private final EventLoop loop;
    private int tries;

    Closing(Http1Connection connection, EventLoop loop) {
        this.connection = connection;
        this.loop = loop;
    }

    @Override
    public void operationComplete(ChannelFuture closed) {
        try {
            loop.execute(this); // not at once: whoever has closed the channel may be in the middle of something
        } catch (Throwable t) { // no memory for a place in the queue, or the loop has ended
            run();
        }
    }

    @Override
    public void run() {
        try {
            connection.closed();
        } catch (Throwable t) {
            connection.count(Event.CONNECTION_FAILED);
            Netpoll.makeRoom(loop);
            if (++tries < MOST_TRIES) {
                loop.execute(this);
            }
        }
    }
}
