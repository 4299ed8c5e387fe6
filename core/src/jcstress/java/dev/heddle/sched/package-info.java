/**
 * The protocols between threads under jcstress: each test attacks the shipped class, and has a broken twin, a nested class
 * named {@code Broken...} with the mistake that the protocol avoids, in which the forbidden outcome must show up. A twin
 * marks that outcome as {@code ACCEPTABLE_INTERESTING}; a run in which it does not occur says that the test is too weak.
 *
 * <p>A test has two actors, where a third would be natural as well: jcstress leaves out, without a failure, what has more
 * actors than the machine has processors.
 */
package dev.heddle.sched;
