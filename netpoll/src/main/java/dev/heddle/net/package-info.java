/**
 * Blocking TCP for goroutines: {@link dev.heddle.net.Listener} and {@link dev.heddle.net.Conn}, after Go's package
 * {@code net}. A call that has to wait parks its goroutine; it holds neither a thread nor a P.
 */
package dev.heddle.net;
