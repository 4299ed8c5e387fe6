package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The table in which Linux says how many files a process may open. */
class DescriptorsTest {
    @Test
    void theSoftLimitCounts() {
        String head = "Limit                     Soft Limit           Hard Limit           Units     \n";
        String line = "Max open files            1024                 524288               files     \n";
        assertEquals(1024, Descriptors.most(head + "Max processes             7  7  processes\n" + line));
    }

    @Test
    void noneIsNoLimit() {
        assertEquals(0, Descriptors.most("Max open files            unlimited            unlimited            files\n"));
        assertEquals(0, Descriptors.most(""));
    }
}
