/** Clients for the load scripts. */
package dev.heddle.load;
