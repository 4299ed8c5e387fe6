/**
 * Timers for goroutines, after Go's package {@code time}: they wait on the heap of a P and cost no thread. To sleep use
 * {@link dev.heddle.sched.Goroutine#sleep}.
 *
 * <p>A timer belongs to a scheduler, whose Ps fire it: that of the goroutine that makes it, or the one that is given. Code
 * outside a goroutine has to give one.
 *
 * <p>Arguments must not be null, unless a method says what null means: else it throws {@link NullPointerException}, and has
 * done nothing.
 */
package dev.heddle.time;
