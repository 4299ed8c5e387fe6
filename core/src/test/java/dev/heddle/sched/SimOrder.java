package dev.heddle.sched;

import java.util.List;
import java.util.SplittableRandom;

/**
 * Who goes on, decided by random numbers. Four ways, one for each run:
 *
 * <ul>
 * <li>a random walk: at each point perhaps another thread, and any that can run with the same chance;
 * <li>the same with stalls: now and then a thread stands still for long, as when the kernel has no processor for it;
 * <li>the same with stalls at a few places in the code, another few in each run, so that a window of two instructions is
 * as likely to be held open as any other;
 * <li>priorities with few changes (Burckhardt et al., <i>A randomized scheduler with probabilistic guarantees of finding
 * bugs</i>, 2010): always the thread of the highest priority, which falls to the lowest at a few random points. Finds
 * what needs one thread to stand still at one place while others do very much.
 * </ul>
 *
 * <p>In all of them now and then a thread that sleeps for a time wakes although others could run: time passes while they
 * stand still.
 */
final class SimOrder {
    private enum Way {
        WALK,
        STALLS,
        PLACES,
        PRIORITIES
    }

    /** Steps within which the changes of priority lie; most runs take fewer. */
    private static final int CHANGES_WITHIN = 3_000;

    private final SplittableRandom random;
    private final Way way;
    /** A thread goes on at one of so many points, on average. */
    private final int patience;
    private final int timeLeaps;
    /** One place of so many is one at which threads stall, a power of two; and which ones. */
    private final int places;

    private final int place;
    private int untilChange;
    private int lowest;

    SimOrder(SplittableRandom random) {
        this.random = random;
        this.way = Way.values()[random.nextInt(4)];
        this.patience = 1 << random.nextInt(7);
        this.timeLeaps = 1 << 3 + random.nextInt(7);
        this.places = 1 << 4 + random.nextInt(5);
        this.place = random.nextInt(places);
        this.untilChange = nextChange();
    }

    private int nextChange() {
        return way == Way.PRIORITIES ? 1 + random.nextInt(random.nextInt(1, CHANGES_WITHIN)) : Integer.MAX_VALUE;
    }

    void began(SimThread thread) {
        thread.priority = random.nextInt(1, 1 << 20);
    }

    /** Whether a thread lets another one go on at this point, which is at that place in the code. */
    boolean givesWay(SimThread thread, String site) {
        if (way == Way.PRIORITIES) {
            if (--untilChange > 0) {
                return false;
            }
            untilChange = nextChange();
            thread.priority = --lowest;
            return true;
        }
        if (way == Way.STALLS && random.nextInt(256) == 0) {
            thread.frozen = 1 << random.nextInt(9);
            return true;
        }
        if (way == Way.PLACES && ((site.hashCode() * 0x9E3779B9) >>> 16 & places - 1) == place && random.nextBoolean()) {
            thread.frozen = 1 << random.nextInt(10);
            return true;
        }
        return patience == 1 || random.nextInt(patience) == 0;
    }

    /** A thread that waits for another by spinning. */
    void spins(SimThread thread) {
        thread.spins = true;
        if (way == Way.PRIORITIES) {
            thread.priority = --lowest;
        }
    }

    void woken(SimThread thread) {
        thread.unpark();
        untilChange = Math.min(untilChange, way == Way.PRIORITIES && random.nextInt(4) == 0 ? 1 : Integer.MAX_VALUE);
    }

    /** The thread that goes on; perhaps one whose time to wake has not come; or null if none can run. */
    SimThread next(List<SimThread> threads, long now) {
        boolean leap = random.nextInt(timeLeaps) == 0;
        SimThread best = null;
        SimThread spare = null; // frozen, or spinning: only if there is nobody else
        int candidates = 0;
        int spares = 0;
        boolean others = false;
        for (int i = 0; i < threads.size(); i++) {
            SimThread thread = threads.get(i);
            boolean ready = thread.canRun(now);
            others |= ready;
            if (!ready && !(leap && !thread.ended && thread.deadline() != SimThread.NEVER)) {
                continue;
            }
            if (thread.frozen > 0 || thread.spins) {
                thread.frozen = Math.max(0, thread.frozen - 1);
                if (ready && random.nextInt(++spares) == 0) {
                    spare = thread;
                }
            } else if (way == Way.PRIORITIES && !leap) {
                best = best == null || thread.priority > best.priority ? thread : best;
            } else if (random.nextInt(++candidates) == 0) {
                best = thread;
            }
        }
        if (!others) {
            return null; // time passes by itself, and only after a look at what must hold
        }
        for (int i = 0; i < threads.size(); i++) {
            threads.get(i).spins = false; // somebody goes on: worth another look
        }
        return best == null ? spare : best;
    }
}
