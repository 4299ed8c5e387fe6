/** The examples in one program: the first argument says which. */
package dev.heddle.examples;
