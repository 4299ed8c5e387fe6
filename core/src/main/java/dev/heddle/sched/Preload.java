package dev.heddle.sched;

/**
 * Makes the JDK do on a platform thread what must not happen first inside a goroutine: its socket pollers inherit the
 * scheduler of whoever touches them first, and would become goroutines; classes that are initialised on a goroutine's
 * stack hold up its thread, and one that has no memory for it is lost.
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

    /**
     * What may be needed at a time when there is no memory for it: all but dumps and figures. A class whose initialiser fails
     * then can never be used again. By package and name; a test sees to it that none is missing.
     */
    static final String[] CLASSES = {
        "sched.AllGs$Stripe",
        "sched.AllGs",
        "sched.AllMs$Walk",
        "sched.AllMs",
        "sched.BinarySemaphore",
        "sched.Clock",
        "sched.CpuLimit",
        "sched.CpuLimit$Cgroup",
        "sched.CpuLimit$Mount",
        "sched.DeclaredCall",
        "sched.Escaped",
        "sched.Faults$Where",
        "sched.Faults$Why",
        "sched.Faults",
        "sched.FindRunnable",
        "sched.G$1",
        "sched.G",
        "sched.GlobalQueue",
        "sched.GlobalQueue$Line",
        "sched.Goroutine$State",
        "sched.Goroutine$UncaughtExceptionHandler",
        "sched.Goroutine",
        "sched.Handoff",
        "sched.Hog",
        "sched.HogGroup",
        "sched.Hogs",
        "sched.Idle",
        "sched.Inherited",
        "sched.Joiner",
        "sched.LatencyHistogram",
        "sched.Life",
        "sched.Lifetime",
        "sched.Lifetime$1",
        "sched.Lifetime$Ending",
        "sched.Lifetime$Waiter",
        "sched.LockedThreads",
        "sched.LogText",
        "sched.M$Where",
        "sched.M",
        "sched.Netpoller$TimersOnly",
        "sched.Netpoller",
        "sched.OsCalls",
        "sched.OsPriority",
        "sched.OsPriority$Calls",
        "sched.OsPriority$Rights",
        "sched.OsThreads",
        "sched.P",
        "sched.PState",
        "sched.Poller$Ready",
        "sched.Poller",
        "sched.Preempt",
        "sched.Primitives$OneProcessor",
        "sched.Primitives",
        "sched.Procresize",
        "sched.Procresize$Why",
        "sched.ProcsFollower",
        "sched.ProcsFollower$Source",
        "sched.Rehearsal",
        "sched.Relapses",
        "sched.Reserve",
        "sched.Retake",
        "sched.Retake$Use",
        "sched.RunQueue$Overflow",
        "sched.RunQueue",
        "sched.RuntimeTimer$Event",
        "sched.RuntimeTimer",
        "sched.Sched",
        "sched.SchedLock",
        "sched.Shutdown$State",
        "sched.Shutdown",
        "sched.Sleep",
        "sched.SleepWatch",
        "sched.Spares",
        "sched.StackProbe",
        "sched.StealOrder$Cursor",
        "sched.StealOrder",
        "sched.Syscall$Call",
        "sched.Syscall",
        "sched.Sysmon$ReadyList",
        "sched.Sysmon",
        "sched.Threads",
        "sched.Timer$Callback",
        "sched.ThreadLocals",
        "sched.ThreadLocals$Kind",
        "sched.ThreadLocals$Registration",
        "sched.Timer",
        "sched.Timers",
        "sched.Trace",
        "sched.Trace$Waits",
        "sched.TraceChunk",
        "sched.TraceChunks",
        "sched.TraceEvent$Place",
        "sched.TraceEvent$Type",
        "sched.TraceEvent",
        "sched.TraceWriter",
        "sched.Unlockf",
        "sched.VmWatch",
        "sched.WaitReason",
        "sched.Wait",
        "sched.Watch",
        "time.Tick",
        "time.Ticker",
        "time.Time",
        "time.Timer",
        "context.Alarm",
        "context.CancellableContext",
        "context.CancelledException",
        "context.Context$Key",
        "context.Context$Registration",
        "context.Context$Values",
        "context.Context",
        "context.DeadlineExceededException",
        "context.Ended",
        "context.Scope",
        "context.Task$Outcome",
        "context.Task$State",
        "context.Task",
        "context.TaskFailedException",
        "context.TaskGroup$Action",
        "context.TaskGroup$Failure",
        "context.TaskGroup",
        "context.Telling",
        "sync.Chan$1",
        "sync.Chan",
        "sync.ChanClosedException",
        "sync.Cond",
        "sync.Mutex",
        "sync.Once",
        "sync.RWMutex",
        "sync.Rehearsal",
        "sync.Select$Case",
        "sync.Select",
        "sync.Semaphore",
        "sync.Sudog",
        "sync.WaitGroup",
        "sync.WaitQueue",
    };

    private static void load() {
        initialize("sun.nio.ch.Poller");
        for (String name : CLASSES) {
            initialize("dev.heddle." + name);
        }
    }

    private static void initialize(String name) {
        try {
            Class.forName(name, true, Preload.class.getClassLoader());
        } catch (ClassNotFoundException | LinkageError e) {
            Sched.LOG.warn("{} cannot be loaded ahead: {}", name, e.toString());
        }
    }
}
