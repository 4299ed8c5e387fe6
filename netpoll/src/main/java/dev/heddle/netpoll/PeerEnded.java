package dev.heddle.netpoll;

/**
 * What the handlers of a channel are told as a user event when its peer has ended its sending side, once, and before what it sent
 * has been read: that comes as it is asked for, and after it Netty's {@code ChannelInputShutdownEvent}. With epoll only: a
 * selector does not say it.
 */
public enum PeerEnded {
    /** The event. */
    EVENT
}
