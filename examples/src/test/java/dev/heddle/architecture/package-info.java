/** Rules that hold across all modules. They are tested here because this module sees all of them. */
package dev.heddle.architecture;
