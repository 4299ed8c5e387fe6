package dev.heddle.sched;

/**
 * Makes the JDK do on a platform thread what must not happen first inside a goroutine: its socket pollers inherit the
 * scheduler of whoever touches them first, and would become goroutines; classes that are initialised on a goroutine's
 * stack hold up its thread.
 */
final class Preload {
    private static boolean done;

    private Preload() {}

    static synchronized void once() {
        if (done) {
            return;
        }
        done = true;
        // platform threads for the JDK's pollers: a wake-up by them is then one hop instead of three
        System.getProperties().putIfAbsent("jdk.pollerMode", "1");
        // bounds the direct buffers that the JDK keeps for each thread that ever did file I/O with a heap buffer
        System.getProperties().putIfAbsent("jdk.nio.maxCachedBufferSize", "262144");
        Thread loader = Thread.ofPlatform().name("heddle-preload").daemon(true).start(Preload::load);
        boolean interrupted = false;
        while (loader.isAlive()) {
            try {
                loader.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void load() {
        for (String name : new String[] {
            "sun.nio.ch.Poller",
            "dev.heddle.sched.G",
            "dev.heddle.sched.M",
            "dev.heddle.sched.Sleep",
            "dev.heddle.sched.BinarySemaphore",
            "dev.heddle.sched.Wait",
            "dev.heddle.sched.Joiner",
            "dev.heddle.sched.Lifetime",
            "dev.heddle.sched.FindRunnable",
            "dev.heddle.sched.Handoff",
            "dev.heddle.sched.Idle",
            "dev.heddle.sched.Spares",
            "dev.heddle.sched.StackProbe",
            "dev.heddle.sched.Timers",
            "dev.heddle.sched.RuntimeTimer",
            "dev.heddle.sched.Inherited",
            "dev.heddle.sched.Trace",
            "dev.heddle.sched.TraceChunk",
            "dev.heddle.sched.TraceEvent$Type",
            "dev.heddle.sched.TraceWriter",
            "dev.heddle.sched.PState",
            "dev.heddle.time.Tick",
            "dev.heddle.time.Timer",
            "dev.heddle.context.Alarm",
            "dev.heddle.context.Context",
            "dev.heddle.context.Scope",
            "dev.heddle.context.Telling",
            "dev.heddle.context.Task",
            "dev.heddle.context.TaskGroup",
            "dev.heddle.sched.Primitives",
            "dev.heddle.sync.Chan",
            "dev.heddle.sync.ChanClosedException",
            "dev.heddle.sync.Cond",
            "dev.heddle.sync.Mutex",
            "dev.heddle.sync.Once",
            "dev.heddle.sync.RWMutex",
            "dev.heddle.sync.Rehearsal",
            "dev.heddle.sync.Select",
            "dev.heddle.sync.Select$Case",
            "dev.heddle.sync.Semaphore",
            "dev.heddle.sync.Sudog",
            "dev.heddle.sync.WaitGroup",
            "dev.heddle.sync.WaitQueue"
        }) {
            try {
                Class.forName(name, true, Preload.class.getClassLoader());
            } catch (ClassNotFoundException e) {
                Sched.LOG.warn("{} cannot be loaded ahead: {}", name, e.toString());
            }
        }
    }
}
