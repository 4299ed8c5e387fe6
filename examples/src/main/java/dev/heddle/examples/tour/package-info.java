/** The scheduler at work: scenario after scenario, told from what it recorded. */
package dev.heddle.examples.tour;
