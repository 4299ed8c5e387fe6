/**
 * The one place that touches internals of the JDK, so that a change of the JDK is a change of this package.
 *
 * <p>{@link dev.heddle.sched.jdk.VirtualThreads} makes virtual threads that run on a scheduler of ours and answers
 * which thread carries the caller; {@link dev.heddle.sched.jdk.Carrier} is a thread that the JDK accepts as a carrier
 * and tells about its blocking calls. Both are checked at start-up by {@link
 * dev.heddle.sched.jdk.VirtualThreads#ensureAvailable}. {@link dev.heddle.sched.jdk.JvmEnd} is what shutdown hooks want
 * to know.
 */
package dev.heddle.sched.jdk;
