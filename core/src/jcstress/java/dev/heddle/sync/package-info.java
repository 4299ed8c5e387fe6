/**
 * The protocols of channels and locks under jcstress, each with a broken twin; see {@code dev.heddle.sched} here for what that
 * means.
 */
package dev.heddle.sync;
