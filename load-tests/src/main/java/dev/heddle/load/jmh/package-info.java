/**
 * What the scheduler's basic operations cost, each beside the JDK's own scheduler of virtual threads doing the same in
 * the same run: method {@code heddle} and method {@code jdk} of each class. The number of processors of both is that of
 * the machine, or the system property {@code jdk.virtualThreadScheduler.parallelism}.
 *
 * <p>Rule for the machine: nothing else may run on it. Compare within one run only.
 */
package dev.heddle.load.jmh;
