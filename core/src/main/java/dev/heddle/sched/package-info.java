/**
 * The scheduler: goroutines, which are virtual threads, on an M:P:G scheduler after Go's.
 *
 * <p>For applications there are {@link dev.heddle.sched.Scheduler} with its {@link dev.heddle.sched.SchedulerConfig},
 * {@link dev.heddle.sched.Goroutine} and {@link dev.heddle.sched.Syscall}; and to see it at work
 * {@link dev.heddle.sched.SchedulerStats}, {@link dev.heddle.sched.FlightRecorder} with its
 * {@link dev.heddle.sched.TraceEvent}s, and {@link dev.heddle.sched.WaitReason}.
 *
 * <p>The other public types are the doors that packages beside and above this one stand on, and may change with them:
 * {@link dev.heddle.sched.BinarySemaphore} and {@link dev.heddle.sched.Poller} for a netpoller;
 * {@link dev.heddle.sched.SchedLock} and {@link dev.heddle.sched.Primitives} for {@code dev.heddle.sync};
 * {@link dev.heddle.sched.RuntimeTimer} for {@code dev.heddle.time}; {@link dev.heddle.sched.Inherited} and
 * {@link dev.heddle.sched.Lifetime} for {@code dev.heddle.context}.
 *
 * <p>Arguments must not be null, unless a method says what null means: else it throws {@link NullPointerException}, and has
 * done nothing.
 *
 * <p>How it works inside is told by README.md of this module, which follows a goroutine from stop to stop, and by the comment
 * of each class.
 */
package dev.heddle.sched;
