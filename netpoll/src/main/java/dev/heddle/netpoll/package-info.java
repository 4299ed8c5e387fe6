/** Netty's event loops, run by goroutines: the netpoller of a scheduler. */
package dev.heddle.netpoll;
