package dev.heddle.sched;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;

/**
 * The events that a JDK Flight Recorder recording may contain, named {@code heddle.} and Go's name. What comes often is
 * off unless the recording asks for it; blocking is recorded from 20 ms, as the JDK's own park events are (which it does not
 * write for virtual threads, only those of {@code Thread.sleep}); what takes a P away is always recorded.
 *
 * <p>Whether an event is on is asked of the constants here: while no recording has ever run the JIT knows the answer.
 */
final class JfrEvents {
    static final GoCreate GO_CREATE = new GoCreate();
    static final GoStart GO_START = new GoStart();
    static final GoBlock GO_BLOCK = new GoBlock();
    static final GoUnblock GO_UNBLOCK = new GoUnblock();
    static final GoDestroy GO_DESTROY = new GoDestroy();
    static final GoSyscall GO_SYSCALL = new GoSyscall();
    static final ProcStart PROC_START = new ProcStart();
    static final ProcStop PROC_STOP = new ProcStop();
    static final ProcSteal PROC_STEAL = new ProcSteal();
    static final ProcPreempt PROC_PREEMPT = new ProcPreempt();
    static final Steal STEAL = new Steal();
    static final Overflow OVERFLOW = new Overflow();
    static final DataLoss DATA_LOSS = new DataLoss();
    static final Carrier CARRIER = new Carrier();

    private JfrEvents() {}

    /** Makes all of the above now: scheduler code must not be the first to need a class. */
    static void load() {}

    /** Commits an event that was written down as the words of a {@link TraceChunk}. */
    static void commit(long head, long goroutine, long last) {
        int proc = ((int) head >>> 16) - 1;
        int machine = (int) (head >>> 32) - 1;
        int peer = (int) (last >>> 32);
        switch (TraceEvent.Type.of((int) head & 0xFF)) {
            case GO_CREATE -> goCreate(goroutine, last, place(head));
            case GO_UNBLOCK -> goUnblock(goroutine, last, place(head));
            case GO_DESTROY -> new GoDestroy().commit(goroutine);
            case PROC_START -> new ProcStart().commit(proc, machine);
            case PROC_STOP -> new ProcStop().commit(proc, machine);
            case PROC_STEAL -> new ProcSteal().commit(proc, peer, goroutine, (int) last != 0);
            case PROC_PREEMPT -> new ProcPreempt().commit(proc, peer, goroutine);
            case STEAL -> new Steal().commit(proc, peer, (int) last);
            case OVERFLOW -> new Overflow().commit(proc, last);
            default -> { }
        }
    }

    private static String place(long head) {
        int note = ((int) head >>> 8 & 0xFF) - 1;
        return note < 0 ? null : TraceEvent.Place.of(note).name();
    }

    static void goCreate(long goroutine, long creator, String place) {
        new GoCreate().commit(goroutine, creator, place);
    }

    static void goUnblock(long goroutine, long by, String place) {
        new GoUnblock().commit(goroutine, by, place);
    }

    /**
     * To be called before an M commits events from its own stack. JDK 25 drops the first event of a carrier after its
     * virtual thread has committed one (seen: 2,000 of 2,000), so one is sacrificed.
     */
    static void first() {
        new Carrier().commit();
    }

    static void commitLost(long count) {
        DataLoss event = new DataLoss();
        event.events = count;
        event.commit();
    }

    @Name("heddle.GoCreate")
    @Label("Goroutine Created")
    @Category("Heddle")
    @Enabled(false)
    static final class GoCreate extends Event {
        @Label("Goroutine")
        long goroutine;

        @Label("Creator")
        @Description("The goroutine that started it; 0 if that was an ordinary thread")
        long creator;

        @Label("Queued")
        String place;

        void commit(long goroutine, long creator, String place) {
            this.goroutine = goroutine;
            this.creator = creator;
            this.place = place;
            commit();
        }
    }

    @Name("heddle.GoStart")
    @Label("Goroutine Run")
    @Description("A goroutine ran on a thread, from its start to when it left it")
    @Category("Heddle")
    @Enabled(false)
    @StackTrace(false)
    static final class GoStart extends Event {
        @Label("Goroutine")
        long goroutine;

        @Label("Name")
        String name;

        @Label("Body")
        @Description("The class of what it runs")
        Class<?> body;

        @Label("M")
        int machine;

        @Label("P")
        @Description("The processor that it was started on")
        int proc;

        @Label("Ended By")
        @Description("The event that ended it: GoStop, GoBlock or GoDestroy")
        String endedBy;

        @Label("Wait Reason")
        String reason;

        void commit(long end) {
            if (shouldCommit()) {
                TraceEvent.Type type = TraceEvent.Type.of((int) end & 0xFF);
                int note = ((int) end >>> 8 & 0xFF) - 1;
                endedBy = type.toString();
                reason = type == TraceEvent.Type.GO_BLOCK && note >= 0
                        ? WaitReason.of(note).toString()
                        : null;
                commit();
            }
        }
    }

    @Name("heddle.GoBlock")
    @Label("Goroutine Blocked")
    @Description("A goroutine waited by Heddle's means, or slept, from the call to when it ran again. Parks inside code of the"
            + " JDK, such as its locks and queues, are in GoStart only: JFR has no events for them on virtual threads")
    @Category("Heddle")
    @Threshold("20 ms")
    static final class GoBlock extends Event {
        @Label("Goroutine")
        long goroutine;

        @Label("Wait Reason")
        String reason;
    }

    @Name("heddle.GoUnblock")
    @Label("Goroutine Woken")
    @Category("Heddle")
    @Enabled(false)
    static final class GoUnblock extends Event {
        @Label("Goroutine")
        long goroutine;

        @Label("Woken By")
        @Description("The goroutine that woke it; 0 for a timer, the network or an ordinary thread")
        long by;

        @Label("Queued")
        String place;

        void commit(long goroutine, long by, String place) {
            this.goroutine = goroutine;
            this.by = by;
            this.place = place;
            commit();
        }
    }

    @Name("heddle.GoDestroy")
    @Label("Goroutine Ended")
    @Category("Heddle")
    @Enabled(false)
    @StackTrace(false)
    static final class GoDestroy extends Event {
        @Label("Goroutine")
        long goroutine;

        void commit(long goroutine) {
            this.goroutine = goroutine;
            commit();
        }
    }

    @Name("heddle.GoSyscall")
    @Label("Blocking Call")
    @Description("A goroutine was in a declared blocking call")
    @Category("Heddle")
    @Threshold("20 ms")
    static final class GoSyscall extends Event {
        @Label("Goroutine")
        long goroutine;

        @Label("Lost P")
        @Description("Whether its processor had gone to others when the call returned")
        boolean lostProc;
    }

    @Name("heddle.ProcStart")
    @Label("P Taken Up")
    @Category("Heddle")
    @Enabled(false)
    @StackTrace(false)
    static final class ProcStart extends Event {
        @Label("P")
        int proc;

        @Label("M")
        int machine;

        void commit(int proc, int machine) {
            this.proc = proc;
            this.machine = machine;
            commit();
        }
    }

    @Name("heddle.ProcStop")
    @Label("P Given Up")
    @Category("Heddle")
    @Enabled(false)
    @StackTrace(false)
    static final class ProcStop extends Event {
        @Label("P")
        int proc;

        @Label("M")
        int machine;

        void commit(int proc, int machine) {
            this.proc = proc;
            this.machine = machine;
            commit();
        }
    }

    @Name("heddle.ProcSteal")
    @Label("P Handed Off")
    @Description("Sysmon took a processor from a thread in a blocking call")
    @Category("Heddle")
    @StackTrace(false)
    static final class ProcSteal extends Event {
        @Label("P")
        int proc;

        @Label("From M")
        int machine;

        @Label("Goroutine")
        long goroutine;

        @Label("Undeclared")
        @Description("Whether nobody had declared the call")
        boolean undeclared;

        void commit(int proc, int machine, long goroutine, boolean undeclared) {
            this.proc = proc;
            this.machine = machine;
            this.goroutine = goroutine;
            this.undeclared = undeclared;
            commit();
        }
    }

    @Name("heddle.ProcPreempt")
    @Label("P Preempted")
    @Description("Sysmon took a processor from a goroutine that computed for longer than the quantum")
    @Category("Heddle")
    @StackTrace(false)
    static final class ProcPreempt extends Event {
        @Label("P")
        int proc;

        @Label("From M")
        int machine;

        @Label("Goroutine")
        long goroutine;

        void commit(int proc, int machine, long goroutine) {
            this.proc = proc;
            this.machine = machine;
            this.goroutine = goroutine;
            commit();
        }
    }

    @Name("heddle.Steal")
    @Label("Goroutines Stolen")
    @Category("Heddle")
    @Enabled(false)
    @StackTrace(false)
    static final class Steal extends Event {
        @Label("P")
        int proc;

        @Label("Victim P")
        int victim;

        @Label("Goroutines")
        int count;

        void commit(int proc, int victim, int count) {
            this.proc = proc;
            this.victim = victim;
            this.count = count;
            commit();
        }
    }

    @Name("heddle.Overflow")
    @Label("Run Queue Overflow")
    @Description("Half of a full run queue and the goroutine to be queued went to the global queue")
    @Category("Heddle")
    @StackTrace(false)
    static final class Overflow extends Event {
        @Label("P")
        int proc;

        @Label("Goroutines")
        long count;

        void commit(int proc, long count) {
            this.proc = proc;
            this.count = count;
            commit();
        }
    }

    @Name("heddle.Carrier")
    @Label("Events of an M")
    @Description("Says nothing: JFR may drop the first event of a thread whose virtual thread has written one, so this is it")
    @Category("Heddle")
    @StackTrace(false)
    static final class Carrier extends Event {}

    @Name("heddle.DataLoss")
    @Label("Events Lost")
    @Description("More events came than one thread could keep until it might enter JFR")
    @Category("Heddle")
    @StackTrace(false)
    static final class DataLoss extends Event {
        @Label("Events")
        long events;
    }
}
