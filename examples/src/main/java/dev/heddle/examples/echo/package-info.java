/** Plain TCP without HTTP. */
package dev.heddle.examples.echo;
