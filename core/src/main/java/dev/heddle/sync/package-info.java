/**
 * Channels and locks with Go's rules, for goroutines and for any other threads, mixed: {@link dev.heddle.sync.Chan} and
 * {@link dev.heddle.sync.Select}; {@link dev.heddle.sync.Mutex}, {@link dev.heddle.sync.RWMutex},
 * {@link dev.heddle.sync.Cond}, {@link dev.heddle.sync.Semaphore}, {@link dev.heddle.sync.WaitGroup} and
 * {@link dev.heddle.sync.Once}.
 *
 * <p>All are made the same way. What a primitive consists of changes by one CAS where that is enough, and else in a short
 * section under a spin lock, which belongs to the thread and which nobody waits or wakes with. Who must wait puts a
 * {@link dev.heddle.sync.Sudog} on a {@link dev.heddle.sync.WaitQueue}, unlocks, and waits at a semaphore of its own; who ends
 * the wait takes it off the queue under the lock, unlocks, and wakes it. A wake-up that comes before the wait leaves a permit.
 *
 * <p>Three rules hold for all:
 *
 * <ul>
 *   <li>An interrupt ends no wait, and the interrupt status is kept: Go has no interrupts, and a lock or a hand-over that ends
 *       half-way helps nobody. To give up early there are waits with a time, and for channels a {@code Select} with a second
 *       channel, which somebody closes.
 *   <li>The end of the caller's current context ends a wait, and so does the end of the goroutine's scheduler: it throws a
 *       {@link java.util.concurrent.CancellationException}. Locks are taken by what cleans up, too, so they are ended by that
 *       only where it is asked for, by {@code lock(Context)}. Whoever leaves a queue by himself has been given nothing; whoever
 *       finds that he was taken off it has what he waited for, and goes on with it, whatever has ended.
 *   <li>A time of zero or less does not wait. A wait that is over and one that is served in the same moment end in one way,
 *       never in both.
 *   <li>At the end of a stack an operation ends with {@link java.lang.StackOverflowError} before it has done anything, so no
 *       lock stays held and no waiter is forgotten. An unlock or release that ends so has not happened.
 * </ul>
 *
 * <p>Arguments must not be null, unless a method says what null means: else it throws {@link NullPointerException}, and has
 * done nothing.
 */
package dev.heddle.sync;
