/**
 * The protocols of contexts and task groups under jcstress. Tests that begin with {@code Broken} leave one step out, to show
 * that the test would see the mistake.
 */
package dev.heddle.context;
