package dev.heddle.sched;

/**
 * One thing that a scheduler did, as {@link FlightRecorder#events} returns it. The vocabulary is that of Go's execution
 * tracer, version 2, where Go has a word for it; {@link Type} says what the other components mean for each.
 *
 * @param nanos when, on the clock of {@link System#nanoTime}
 * @param type what
 * @param proc number of the P that it happened on or to, or -1
 * @param machine number of the M that did it, or -1: it was sysmon, or a thread that is none of the scheduler's
 * @param goroutine number of the goroutine that it happened to, or 0
 * @param detail a number; see {@link Type}
 * @param peer number of the other P or M, or -1; see {@link Type}
 * @param place where the goroutine was queued, or null; see {@link Type}
 * @param reason why the goroutine waits, for {@link Type#GO_BLOCK}, else null
 * @param name for {@link Type#GO_CREATE} the goroutine's name, or if it has none the class of its body (for a lambda, that it
 *     stands in) without the package; else empty
 */
public record TraceEvent(
        long nanos,
        Type type,
        int proc,
        int machine,
        long goroutine,
        long detail,
        int peer,
        Place place,
        WaitReason reason,
        String name) {

    /** What happened. */
    public enum Type {
        /** A goroutine was started. {@code detail}: who started it, 0 for no goroutine; {@code place}: where it was queued. */
        GO_CREATE("GoCreate"),
        /**
         * An M begins to run a goroutine. {@code detail}: goroutines left on the ring of its P; {@code peer}: goroutines on
         * the global queue.
         */
        GO_START("GoStart"),
        /** A running goroutine gave way. {@code place}: where it was queued: RING for a yield, GLOBAL for Gosched. */
        GO_STOP("GoStop"),
        /** A running goroutine waits from now on. {@code reason}: why. */
        GO_BLOCK("GoBlock"),
        /** A waiting goroutine may run again. {@code detail}: who woke it, 0 for no goroutine; {@code place}: where to. */
        GO_UNBLOCK("GoUnblock"),
        /** A running goroutine ended. */
        GO_DESTROY("GoDestroy"),
        /** A running goroutine enters a declared blocking call. {@code detail}: 1 if it gives its P up at once, else 0. */
        GO_SYSCALL_BEGIN("GoSyscallBegin"),
        /** It comes back, and has kept its P. */
        GO_SYSCALL_END("GoSyscallEnd"),
        /**
         * It comes back, and its P is gone. Either it gets an idle one: PROC_START and GO_START follow; or it goes on
         * without until it can leave its thread: GO_STOP follows. Go's next event is GoStart in both cases.
         */
        GO_SYSCALL_END_BLOCKED("GoSyscallEndBlocked"),
        /** An M has a P from now on. */
        PROC_START("ProcStart"),
        /** An M has given its P up. */
        PROC_STOP("ProcStop"),
        /**
         * Sysmon took a P from a thread in a blocking call. {@code peer}: the M that it was taken from; {@code detail}: 1 if
         * nobody had declared the call, else 0.
         */
        PROC_STEAL("ProcSteal"),
        /** Sysmon took a P from a goroutine that computed for too long; Go stops the goroutine. {@code peer}: its M. */
        PROC_PREEMPT("ProcPreempt"),
        /**
         * A P took goroutines from another one. {@code peer}: the other P; {@code detail}: how many. Not an event in Go, like
         * all that follow.
         */
        STEAL("Steal"),
        /** A full ring: half of it and the goroutine to be queued went to the global queue. {@code detail}: how many. */
        OVERFLOW("Overflow"),
        /** A P took its share of the global queue. {@code detail}: how many. */
        GLOBAL_GET("GlobalGet"),
        /** An M begins to look for work elsewhere. */
        SPIN_START("SpinStart"),
        /** It no longer does. {@code detail}: 1 if it has found something, else 0. */
        SPIN_STOP("SpinStop"),
        /** A new thread begins. */
        THREAD_START("ThreadStart"),
        /** An M without a P goes to sleep. {@code detail}: 1 if in the netpoller, else 0: as a spare. */
        THREAD_PARK("ThreadPark"),
        /** It wakes. {@code detail}: as for THREAD_PARK. */
        THREAD_UNPARK("ThreadUnpark");

        private static final Type[] ALL = values();

        private final String text;

        Type(String text) {
            this.text = text;
        }

        static Type of(int ordinal) {
            return ALL[ordinal];
        }

        /** Whether the last word holds two numbers, {@code detail} and {@code peer}, instead of one. */
        boolean hasPeer() {
            return this == GO_START || this == PROC_STEAL || this == PROC_PREEMPT || this == STEAL;
        }

        /** Returns the name, as Go writes it where Go has it. */
        @Override
        public String toString() {
            return text;
        }
    }

    /** Where a goroutine was queued. */
    public enum Place {
        /** To run next on the P of whoever queued it. */
        RUNNEXT,
        /** The tail of the run queue of the P of whoever queued it. */
        RING,
        /** The inbox of the P that it ran on last: by a thread that has no P. */
        INBOX,
        /** The global queue. */
        GLOBAL,
        /** Among the results of a poll of the network, which go to a ring or to the global queue together. */
        NETPOLL;

        private static final Place[] ALL = values();

        static Place of(int ordinal) {
            return ALL[ordinal];
        }
    }

    /** Returns one line for a reader, without the time. */
    @Override
    public String toString() {
        StringBuilder out = new StringBuilder(type.text);
        out.append(machine < 0 ? "" : " M" + machine).append(proc < 0 ? "" : " P" + proc);
        out.append(goroutine == 0 ? "" : " G" + goroutine).append(name.isEmpty() ? "" : " \"" + name + '"');
        switch (type) {
            case GO_CREATE, GO_UNBLOCK -> out.append(detail == 0 ? "" : " by G" + detail);
            case GO_START -> out.append(" ring=").append(detail).append(" global=").append(peer);
            case PROC_STEAL, PROC_PREEMPT -> out.append(" from M").append(peer);
            case STEAL -> out.append(" ").append(detail).append(" from P").append(peer);
            case OVERFLOW, GLOBAL_GET -> out.append(" ").append(detail);
            case SPIN_STOP -> out.append(detail == 0 ? " in vain" : " found");
            case THREAD_PARK, THREAD_UNPARK -> out.append(detail == 0 ? " spare" : " netpoll");
            default -> { }
        }
        out.append(place == null ? "" : " " + place).append(reason == null ? "" : " " + reason);
        return out.toString();
    }
}
