/** The smallest server. */
package dev.heddle.examples.hello;
