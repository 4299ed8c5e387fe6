/**
 * Channels and locks with Go's rules, for goroutines and for any other threads, mixed: {@link dev.heddle.sync.Chan} and
 * {@link dev.heddle.sync.Select}.
 */
package dev.heddle.sync;
