package dev.heddle.sched;

import dev.heddle.sched.TraceEvent.Place;
import dev.heddle.sched.TraceEvent.Type;
import dev.heddle.sched.jdk.VirtualThreads;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What a scheduler does, event by event: one method for each, called where it happens, in Go's words ({@code
 * traceruntime.go}, version 2). Feeds the {@link FlightRecorder} and JFR ({@link JfrEvents}).
 *
 * <p>Order. An event is written by whoever owns the goroutine or the P at that moment, and before it is given to others:
 * GoUnblock before the goroutine is on a queue, GoBlock before the commit that lets others find it, ProcSteal before the
 * P is handed on. So what follows from an event has a later time, also on another thread. (Go has a sequence number in
 * each event instead, because the clocks of its threads may differ; {@link System#nanoTime} is one clock.)
 *
 * <p>Cost. Off: one read of a static field, and for JFR a constant until a recording has run. Recording: a read of the
 * clock and four stores into memory of the thread's own; no allocation, so it may stand in scheduler code and under the
 * scheduler lock. JFR is entered only at {@link #flush}, see {@link TraceWriter}.
 *
 * <p>A method that takes an M is called on that M's thread, whatever is mounted; M null means a foreign thread.
 */
final class Trace {
    /** Whether this JVM has JFR at all: a run-time image may lack it. */
    private static final boolean JFR =
            ModuleLayer.boot().findModule("jdk.jfr").isPresent();

    private static final VarHandle CHUNKS;
    private static final VarHandle ACTIVE;

    /** Added to {@link #active} for each recorder that is on. */
    private static final int RECORDER = 2;

    /** In {@link #active}: JFR has been used, so events may wait for a flush. Stays. */
    private static final int JFR_USED = 1;

    /** Zero as long as nobody in this JVM records anything: what every hook looks at first. */
    private static int active;
    private static final int NO_NOTE = -1;
    private static final int NOBODY = -1;

    static {
        try {
            if (JFR) {
                JfrEvents.load();
            }
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            CHUNKS = lookup.findVarHandle(Trace.class, "chunks", TraceChunks.class);
            ACTIVE = lookup.findStaticVarHandle(Trace.class, "active", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Sched sched;

    /** The memory of the flight recorder while it is on, else null. */
    private TraceChunks chunks;

    Trace(Sched sched) {
        this.sched = sched;
    }

    TraceChunks chunks() {
        return (TraceChunks) CHUNKS.getAcquire(this); // pairs with setRelease in record
    }

    /** Switches the flight recorder on or off (null). One thread at a time. */
    void record(TraceChunks to) {
        boolean was = chunks() != null;
        CHUNKS.setRelease(this, to);
        if (was != (to != null)) {
            ACTIVE.getAndAdd(to != null ? RECORDER : -RECORDER);
        }
    }

    private static boolean isActive() {
        return (int) ACTIVE.getOpaque() != 0;
    }

    /** Before anything is left for a flush. */
    private static void jfrUsed() {
        if (((int) ACTIVE.getOpaque() & JFR_USED) == 0) {
            ACTIVE.getAndBitwiseOr(JFR_USED);
        }
    }

    /** For {@link Rehearsal}. */
    static void rehearse() {
        ACTIVE.getAndBitwiseOr(0);
    }

    private static void pend(TraceWriter writer, long head, long goroutine, long last) {
        jfrUsed();
        writer.pend(head, goroutine, last);
    }

    // -- goroutines --

    /**
     * A goroutine is about to be queued: started if it has never run, else woken. Owner of QUEUED.
     *
     * @return the event if JFR wants it and the caller is a foreign thread, which hands it to {@link #queuedByForeign} when
     *     it has queued the goroutine; else 0
     */
    long queue(M m, G g, Place place) {
        boolean jfr = JFR && (JfrEvents.GO_CREATE.isEnabled() || JfrEvents.GO_UNBLOCK.isEnabled());
        return jfr || isActive() ? queue(m, g, place, jfr) : 0;
    }

    private long queue(M m, G g, Place place, boolean jfr) {
        TraceChunks to = chunks();
        boolean first = g.lastP == null;
        G by = m == null ? null : m.curg;
        long byId = first ? g.creator : by == null || by == g ? 0 : by.id;
        long head = head(first ? Type.GO_CREATE : Type.GO_UNBLOCK, place.ordinal(), m);
        if (to != null) {
            write(to, m, head, g.id, byId, first ? CreatedBy.label(g) : null);
        }
        if (!jfr || !(first ? JfrEvents.GO_CREATE.isEnabled() : JfrEvents.GO_UNBLOCK.isEnabled())) {
            return 0;
        }
        if (m != null) {
            pend(m.trace, head, g.id, byId);
            return 0;
        }
        return head;
    }

    /** After {@link #queue} by a foreign thread: enters JFR. */
    void queuedByForeign(long head, long goroutine, long creator) {
        if (head != 0) {
            try {
                JfrEvents.commit(head, goroutine, Type.of((int) head & 0xFF) == Type.GO_CREATE ? creator : 0);
            } catch (Throwable e) { // no memory or stack: an event less, but nobody's wake-up may fail
                return;
            }
        }
    }

    /** An M begins to run a goroutine. */
    void goStart(M m, G g) {
        if (isActive()) {
            recordStart(m, g);
        }
    }

    private void recordStart(M m, G g) {
        TraceChunks to = chunks();
        if (to != null) {
            P p = m.p;
            int ring = p == null ? 0 : p.runq.depth();
            long last = TraceChunk.detailAndPeer(ring, sched.global.size());
            write(to, m, head(Type.GO_START, NO_NOTE, m), g.id, last, null);
        }
    }

    /** The P is RUNNING, the goroutine about to be mounted: JFR may be entered, and the slice begins there. */
    void running(M m, G g) {
        if (isActive() && m.trace.hasPending()) {
            m.trace.flush(true);
        }
        if (JFR && JfrEvents.GO_START.isEnabled()) {
            beginSlice(m, g);
        }
    }

    private static void beginSlice(M m, G g) {
        jfrUsed();
        try {
            JfrEvents.GoStart slice = new JfrEvents.GoStart();
            slice.goroutine = g.id;
            slice.name = g.name;
            slice.body = CreatedBy.bodyClass(g);
            slice.machine = m.id;
            slice.proc = m.p.id;
            m.trace.sliceEnd = 0;
            m.trace.slice = slice;
            slice.begin();
        } catch (Throwable e) { // no memory: an event less
            m.trace.slice = null;
        }
    }

    /** The goroutine has left the stack. */
    void left(M m) {
        if (isActive() && m.trace.slice instanceof JfrEvents.GoStart slice) {
            slice.end();
        }
    }

    /** By its M: the goroutine that ran is about to be queued by itself. */
    void goStop(M m, G g, Place place) {
        if (isActive()) {
            leaves(m, g, head(Type.GO_STOP, place.ordinal(), m));
        }
    }

    /** By its M: the goroutine that ran is about to wait. */
    void goBlock(M m, G g, WaitReason reason) {
        if (isActive()) {
            leaves(m, g, head(Type.GO_BLOCK, (reason == null ? WaitReason.JDK : reason).ordinal(), m));
        }
    }

    /** By its M: the goroutine that ran has ended. */
    void goDestroy(M m, G g) {
        boolean jfr = JFR && JfrEvents.GO_DESTROY.isEnabled();
        if (jfr || isActive()) {
            long head = head(Type.GO_DESTROY, NO_NOTE, m);
            leaves(m, g, head);
            if (jfr) {
                pend(m.trace, head, g.id, 0);
            }
        }
    }

    private void leaves(M m, G g, long head) {
        TraceChunks to = chunks();
        if (to != null) {
            write(to, m, head, g.id, 0, null);
        }
        if (m.trace.slice != null) {
            m.trace.sliceEnd = head;
        }
    }

    /** Whether {@link #parking} has anything to do. */
    static boolean recordsWaits() {
        return WaitProfile.isBlockOn() || JFR && JfrEvents.GO_BLOCK.isEnabled();
    }

    /** A wait for the block profile as well: since when, and the event, or null. */
    record Waits(G g, long since, JfrEvents.GoBlock event) {
        void over() {
            g.sched.blockProfile.waited(Clock.nanotime() - since);
            unparked(event);
        }
    }

    /** On the goroutine's stack, before it parks: what is to be handed to {@link #unparked}. */
    static Object parking(G g, WaitReason reason) {
        JfrEvents.GoBlock event = JFR && JfrEvents.GO_BLOCK.isEnabled() ? beginBlock(g, reason) : null;
        boolean profiled = !g.system && reason != WaitReason.SLEEP && reason != WaitReason.IO_WAIT;
        try {
            return profiled && WaitProfile.isBlockOn() ? new Waits(g, Clock.nanotime(), event) : event;
        } catch (OutOfMemoryError e) { // it may be on a queue, so it has to park
            return event;
        }
    }

    private static JfrEvents.GoBlock beginBlock(G g, WaitReason reason) {
        JfrEvents.GoBlock event = new JfrEvents.GoBlock();
        event.goroutine = g.id;
        event.reason = reason.toString();
        event.begin();
        return event;
    }

    /** On the goroutine's stack, after it has parked. */
    static void unparked(Object parked) {
        if (parked instanceof JfrEvents.GoBlock event && StackProbe.room()) {
            event.commit();
        } else if (parked instanceof Waits waits) {
            waits.over();
        }
    }

    // -- blocking calls --

    /** The mounted goroutine enters a declared call. The P is still its own, if it has one. */
    void goSyscallBegin(M m, boolean blocking) {
        if (isActive()) {
            recordCall(m, Type.GO_SYSCALL_BEGIN, blocking ? 1 : 0);
        }
        if (JFR && JfrEvents.GO_SYSCALL.isEnabled() && StackProbe.room()) {
            m.trace.syscall = beginSyscall(m.curg);
        }
    }

    private void recordCall(M m, Type type, int detail) {
        TraceChunks to = chunks();
        if (to != null) {
            write(to, m, head(type, NO_NOTE, m), m.curg.id, detail, null);
        }
    }

    private static Object beginSyscall(G g) {
        jfrUsed();
        try {
            JfrEvents.GoSyscall event = new JfrEvents.GoSyscall();
            event.goroutine = g.id;
            event.begin();
            return event;
        } catch (Throwable e) { // no memory: an event less
            return null;
        }
    }

    /** It is back. JFR may be entered. */
    void goSyscallEnd(M m, boolean lostP) {
        if (!isActive()) {
            return;
        }
        recordCall(m, lostP ? Type.GO_SYSCALL_END_BLOCKED : Type.GO_SYSCALL_END, 0);
        if (m.trace.syscall instanceof JfrEvents.GoSyscall event) {
            m.trace.syscall = null;
            endSyscall(event, lostP);
        }
    }

    private static void endSyscall(JfrEvents.GoSyscall event, boolean lostP) {
        if (!StackProbe.room()) {
            return;
        }
        VirtualThreads.pin(); // what follows in the scheduler goes on with this M
        try {
            event.end();
            event.lostProc = lostP;
            if (!Thread.currentThread().isVirtual()) {
                JfrEvents.first();
            }
            event.commit();
        } catch (Throwable e) { // no memory: an event less
            return;
        } finally {
            VirtualThreads.unpin();
        }
    }

    // -- processors --

    void procStart(M m) {
        byOwner(m, Type.PROC_START, 0, JFR && JfrEvents.PROC_START.isEnabled());
    }

    /** Before the M lets go of its P. */
    void procStop(M m) {
        byOwner(m, Type.PROC_STOP, 0, JFR && JfrEvents.PROC_STOP.isEnabled());
    }

    /**
     * By sysmon, which has the P in transit. The goroutine may have seen that its P is gone, and may even have ended, before
     * this is written.
     */
    void procSteal(TraceWriter sysmon, P p, M from, G g, boolean undeclared) {
        long last = TraceChunk.detailAndPeer(undeclared ? 1 : 0, from == null ? NOBODY : from.id);
        long head = TraceChunk.head(Type.PROC_STEAL, NO_NOTE, p.id, NOBODY);
        bySysmon(sysmon, head, g, last, JFR && JfrEvents.PROC_STEAL.isEnabled());
    }

    /** As {@link #procSteal}. */
    void procPreempt(TraceWriter sysmon, P p, M from, G g) {
        long last = TraceChunk.detailAndPeer(0, from == null ? NOBODY : from.id);
        long head = TraceChunk.head(Type.PROC_PREEMPT, NO_NOTE, p.id, NOBODY);
        bySysmon(sysmon, head, g, last, JFR && JfrEvents.PROC_PREEMPT.isEnabled());
    }

    /** By whoever lowers gomaxprocs and has the P in transit. For the recorder alone. */
    void procRetire(P p, M from, G g) {
        TraceChunks to = chunks();
        if (to != null) {
            long last = TraceChunk.detailAndPeer(0, from == null ? NOBODY : from.id);
            long head = TraceChunk.head(Type.PROC_PREEMPT, NO_NOTE, p.id, NOBODY);
            write(to, (TraceWriter) null, head, g == null ? 0 : g.id, last, null);
        }
    }

    private void bySysmon(TraceWriter sysmon, long head, G g, long last, boolean jfr) {
        TraceChunks to = chunks();
        long id = g == null ? 0 : g.id;
        if (to != null) {
            write(to, sysmon, head, id, last, null);
        }
        if (jfr) {
            pend(sysmon, head, id, last);
        }
    }

    /** By the thief, who has them on its ring. */
    void steal(P thief, P victim, int count) {
        long last = TraceChunk.detailAndPeer(count, victim.id);
        byOwner(thief.m, Type.STEAL, last, JFR && JfrEvents.STEAL.isEnabled());
    }

    /** By the owner of the P. */
    void overflow(P p, int count) {
        byOwner(p.m, Type.OVERFLOW, count, JFR && JfrEvents.OVERFLOW.isEnabled());
    }

    private void byOwner(M m, Type type, long last, boolean jfr) {
        if (m == null || !jfr && !isActive()) { // no M: a test that drives a P by hand
            return;
        }
        TraceChunks to = chunks();
        long head = head(type, NO_NOTE, m);
        if (to != null) {
            write(to, m, head, 0, last, null);
        }
        if (jfr) {
            pend(m.trace, head, 0, last);
        }
    }

    /** By the owner of the P. */
    void globalGet(P p, int count) {
        if (count > 0) {
            byOwner(p.m, Type.GLOBAL_GET, count, false);
        }
    }

    // -- threads --

    void spinStart(M m) {
        plain(m, Type.SPIN_START, 0);
    }

    void spinStop(M m, boolean found) {
        plain(m, Type.SPIN_STOP, found ? 1 : 0);
    }

    void threadStart(M m) {
        plain(m, Type.THREAD_START, 0);
    }

    /** The M has no P. JFR may be entered. */
    void threadPark(M m, boolean netpoll) {
        flush(m);
        plain(m, Type.THREAD_PARK, netpoll ? 1 : 0);
    }

    void threadUnpark(M m, boolean netpoll) {
        plain(m, Type.THREAD_UNPARK, netpoll ? 1 : 0);
    }

    void threadEnd(M m) {
        flush(m);
        m.trace.giveBack(chunks());
    }

    private void plain(M m, Type type, int detail) {
        byOwner(m, type, detail, false);
    }

    // -- writing --

    /**
     * Enters JFR with what waits for it: on g0 without a P or with one in RUNNING, or on a goroutine's stack outside
     * scheduler code.
     */
    void flush(M m) {
        if (isActive() && m.trace.hasPending()) {
            if (m.onG0()) {
                m.trace.flush(true);
            } else if (StackProbe.room()) {
                VirtualThreads.pin(); // the writer is this M's
                try {
                    m.trace.flush(false);
                } finally {
                    VirtualThreads.unpin();
                }
            }
        }
    }

    void flush(TraceWriter sysmon) {
        if (sysmon.hasPending()) {
            sysmon.flush(false);
        }
    }

    private static long head(Type type, int note, M m) {
        if (m == null) {
            return TraceChunk.head(type, note, NOBODY, NOBODY);
        }
        P p = m.p;
        return TraceChunk.head(type, note, p == null ? NOBODY : p.id, m.id);
    }

    @SuppressWarnings("checkstyle:ParameterNumber") // the words of an event
    private static void write(TraceChunks to, M m, long head, long goroutine, long last, Object label) {
        write(to, m == null ? null : m.trace, head, goroutine, last, label);
    }

    /** Never throws: an event less, but scheduler code must come to its end. Writer null: a foreign thread. */
    @SuppressWarnings("checkstyle:ParameterNumber") // the words of an event
    private static void write(TraceChunks to, TraceWriter writer, long head, long goroutine, long last, Object label) {
        try {
            if (writer == null) {
                to.writeForeign(head, goroutine, last, label);
            } else {
                writer.write(to, head, goroutine, last, label);
            }
        } catch (Throwable e) {
            to.drop();
        }
    }
}
