package dev.heddle.netpoll;

/**
 * What the handlers of a channel that listens are told as a user event when its loop has memory again after a time without. Something
 * may have been left half done meanwhile, such as to ask for the next connection: they do it again.
 */
public enum Recovered {
    /** The event. */
    EVENT
}
