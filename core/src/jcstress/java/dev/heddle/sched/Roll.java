package dev.heddle.sched;

/** The goroutines of one test, and how often each has come out of the queues. */
final class Roll {
    private final G[] all;
    private final int[] seen;

    Roll(int count) {
        all = new G[count];
        seen = new int[count];
        for (int i = 0; i < count; i++) {
            all[i] = Goroutines.make(() -> {});
        }
    }

    G get(int i) {
        return all[i];
    }

    /** Ticks one off; null is nobody. */
    void out(G g) {
        for (int i = 0; i < all.length; i++) {
            if (all[i] == g) {
                seen[i]++;
            }
        }
    }

    /** Ticks off all that are left there. By its owner. */
    void outOf(RunQueue queue) {
        out(queue.getNext());
        for (int i = 0; i < all.length; i++) {
            out(queue.get());
        }
    }

    /** Ticks off a list through schedlink. */
    void outOf(G list) {
        int n = 0;
        for (G g = list; g != null && n < 9; g = g.schedlink) {
            out(g);
            n++;
        }
    }

    /** Ticks off all that are left there. */
    void outOf(GlobalQueue queue) {
        for (G g = queue.get(); g != null; g = queue.get()) {
            out(g);
        }
    }

    /** 1 if none was lost and none came out twice, else 0. */
    int eachOnce() {
        for (int n : seen) {
            if (n != 1) {
                return 0;
            }
        }
        return 1;
    }
}
