/**
 * The servers that Heddle is measured against, written as a Netty user would write them: the same codec, the same
 * headers and the same endpoints as the {@code bench} example, without Heddle.
 */
package dev.heddle.load.peers;
