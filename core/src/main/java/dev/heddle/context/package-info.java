/**
 * What a piece of work is done for, how long that is wanted, and the work's parts: {@link dev.heddle.context.Context}, after
 * Go's package {@code context}, and {@link dev.heddle.context.TaskGroup}, goroutines that belong together (Go's
 * {@code errgroup}).
 *
 * <p>A context tells that its work is no longer wanted. The work's waits end by that, if they are waits of Heddle's own and the
 * context is the {@linkplain dev.heddle.context.Context#current current} one of whoever waits; beyond that it looks itself
 * ({@link dev.heddle.context.Context#check}), or has a function called. Only the tasks of a
 * {@link dev.heddle.context.TaskGroup} are also interrupted.
 *
 * <p>Differs from Go: a context is not handed from function to function. Each goroutine has a current one
 * ({@link dev.heddle.context.Context#current}), which the goroutines that it starts inherit.
 *
 * <p>Arguments must not be null, unless a method says what null means: else it throws {@link NullPointerException}, and has
 * done nothing.
 */
package dev.heddle.context;
