package dev.heddle.sched;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.concurrent.locks.LockSupport;

/**
 * Keeps the number of Ps, if nobody has set it, at the number of processors that the process may use, as that changes (Go
 * 1.25's {@code sysmonUpdateGOMAXPROCS} and {@code updateMaxProcsGoroutine}): what the JVM says, which knows the affinity mask,
 * or the {@link CpuLimit} if that is lower. Both round up: 1.5 processors are two Ps.
 *
 * <p>Sysmon says when to look, at most once a second and not while it sleeps because all Ps are idle; that costs its rounds a
 * comparison. It is a thread of its own that looks, changes the number and logs it: files may be slow, a change waits until the
 * Ps that go are out of use, and sysmon is not to wait. A look that fails changes nothing. Whether the number is followed, and
 * so whether a look may still change it, is decided in {@link Procresize}, under the lock that {@code gomaxprocs(n)} takes.
 *
 * <p>Differs from Go: below one processor there is one P, not two. Go has two because its collector runs on a P, and would
 * take the only one. Here the collector has threads of its own, sysmon takes the P of a goroutine that computes, and a second P
 * uses up the quota of a period earlier, after which nobody runs. Go looks at the cgroup in which the process was started;
 * here it may be moved.
 */
final class ProcsFollower implements Runnable {
    /** Go's 1 s between two looks. */
    private static final long PERIOD_NANOS = 1_000_000_000;

    /** How many processors the process may use now. */
    interface Source {
        int processors() throws IOException;
    }

    private final Sched sched;
    private final Object starting = new Object();
    private volatile Source source;
    private volatile Thread thread;
    /** Sysmon's. */
    private long lastLook = Clock.nanotime();

    private volatile long changes;

    /** Asks the machine, where {@code source} is null. */
    ProcsFollower(Sched sched, Source source) {
        this.sched = sched;
        this.source = source;
    }

    /** Returns the number of Ps that fits. */
    int processors() throws IOException {
        if (source == null) {
            source = machine();
        }
        return Math.clamp(source.processors(), 1, sched.procresize.most());
    }

    /** Returns the number of Ps to begin with. */
    int atStart() {
        try {
            return processors();
        } catch (IOException e) {
            return Math.min(Runtime.getRuntime().availableProcessors(), sched.procresize.most());
        }
    }

    /** Nobody has set the number any more. */
    void again() {
        start();
        sched.procresize.unset(atStart());
    }

    private static Source machine() {
        Runtime jvm = Runtime.getRuntime();
        if (ManagementFactory.getRuntimeMXBean().getInputArguments().stream().anyMatch(ProcsFollower::isSetByFlag)) {
            return jvm::availableProcessors;
        }
        CpuLimit limit = CpuLimit.find();
        return () -> Math.min(limit.processors(), jvm.availableProcessors()); // in this order: the JVM's reads do not fail
    }

    /** Whoever tells the JVM how many processors there are, or to look at none of this, means us as well. */
    private static boolean isSetByFlag(String option) {
        return option.startsWith("-XX:ActiveProcessorCount=") || option.equals("-XX:-UseContainerSupport");
    }

    /** Starts the thread if there is none. */
    void start() {
        synchronized (starting) {
            if (thread == null && !sched.stopping) {
                thread = Thread.ofPlatform().name(sched.config.name() + "-procs").daemon(true).unstarted(this);
                thread.start();
            }
        }
    }

    /** By sysmon, in each round. */
    void look(long now) {
        if (now - lastLook >= PERIOD_NANOS) {
            lastLook = now;
            if (sched.procresize.isFollowing()) {
                LockSupport.unpark(thread);
            }
        }
    }

    /** The scheduler stops. */
    void awaitEnd(long nanos) throws InterruptedException {
        Thread last = thread;
        if (last != null) {
            LockSupport.unpark(last);
            last.join(Math.max(1, nanos / 1_000_000));
        }
    }

    /** How often the number was changed. */
    long changes() {
        return changes;
    }

    @Override
    public void run() {
        while (!sched.stopping) {
            LockSupport.park(this);
            Thread.interrupted(); // by a stranger: else no park would wait any more
            try {
                follow();
            } catch (Throwable e) {
                sched.faults.survived(Faults.Where.PROCS, e);
            }
        }
    }

    private void follow() {
        int n;
        try {
            n = processors();
        } catch (IOException e) { // no descriptor to be had, say
            Sched.LOG.debug("{}: how many processors there are is not known", sched.config.name(), e);
            return;
        }
        int before = sched.procresize.follow(n);
        if (before != n) {
            changes++; // this thread only
            Sched.LOG.info("{}: procs {}, was {}: the processors that this process may use", sched.config.name(), n, before);
        }
    }
}
