/**
 * The protocols between threads under jcstress: each test attacks the shipped class, and has a broken twin, a nested class
 * named {@code Broken...} with the mistake that the protocol avoids, in which the forbidden outcome must show up. A twin
 * marks that outcome as {@code ACCEPTABLE_INTERESTING}; a run in which it does not occur says that the test is too weak.
 */
package dev.heddle.sched;
