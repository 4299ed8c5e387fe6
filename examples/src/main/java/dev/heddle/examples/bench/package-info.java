/** The server that all comparisons use: short answers, waiting, computing, files, streams. */
package dev.heddle.examples.bench;
