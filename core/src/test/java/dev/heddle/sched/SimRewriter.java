package dev.heddle.sched;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.FieldModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.MonitorInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Rewrites the shipped classes for the simulation: before each access that other threads can see (an operation of a
 * {@code VarHandle}, a volatile field) stands a call of {@link Sim#point}, where another thread may go on; calls that
 * leave for the JDK (time, threads, parking) go to {@link Sim}; sizes that make a run long go to {@link Sim} as well; and
 * calls that a {@link SimTwin} breaks ask first whether it is on. Nothing else changes.
 */
final class SimRewriter {
    private static final String PACKAGE = "dev/heddle/sched/";
    private static final ClassDesc SIM = ClassDesc.of("dev.heddle.sched.Sim");
    private static final ClassDesc VAR_HANDLE = ClassDesc.of("java.lang.invoke.VarHandle");
    private static final MethodTypeDesc INT_TO_VOID = MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_int);

    /** Owner and name of a method, and the method of {@link Sim} that is called instead, with the receiver first. */
    private static final Map<String, String> REDIRECTED = Map.ofEntries(
            Map.entry("java/lang/System.nanoTime", "nanoTime"),
            Map.entry("java/lang/Thread.currentThread", "currentThread"),
            Map.entry("java/lang/Thread.yield", "threadYield"),
            Map.entry("java/lang/Thread.onSpinWait", "onSpinWait"),
            Map.entry("java/lang/Thread.interrupted", "interrupted"),
            Map.entry("java/lang/Thread.isVirtual", "isVirtual"),
            Map.entry("java/lang/Thread.start", "start"),
            Map.entry(PACKAGE + "M.start", "start"),
            Map.entry("java/lang/Thread$Builder$OfPlatform.unstarted", "unstarted"),
            Map.entry("java/util/concurrent/locks/LockSupport.park", "park"),
            Map.entry("java/util/concurrent/locks/LockSupport.parkNanos", "parkNanos"),
            Map.entry("java/util/concurrent/locks/LockSupport.unpark", "unpark"),
            Map.entry("java/lang/management/ThreadMXBean.getThreadCpuTime", "threadCpuTime"),
            Map.entry(PACKAGE + "OsThreads.currentId", "osThreadId"),
            Map.entry(PACKAGE + "OsThreads.isAsleep", "isAsleep"),
            Map.entry(PACKAGE + "OsPriority.prepare", "preparePriority"),
            Map.entry(PACKAGE + "OsPriority.canLower", "canLower"),
            Map.entry(PACKAGE + "OsPriority.canRaise", "canRaise"),
            Map.entry(PACKAGE + "OsPriority.set", "priority"),
            Map.entry(PACKAGE + "HogGroup.make", "noGroup"),
            Map.entry(PACKAGE + "StackProbe.room", "room"),
            Map.entry(PACKAGE + "StackProbe.check", "checkStack"),
            Map.entry("org/slf4j/Logger.warn", "log"),
            Map.entry("org/slf4j/Logger.error", "logError"),
            Map.entry(PACKAGE + "Sched.logElsewhere", "log"),
            Map.entry(PACKAGE + "Sched.uncaught", "uncaught"),
            Map.entry(PACKAGE + "Sched.lostContinuation", "uncaught"),
            Map.entry(PACKAGE + "Sched.broken", "broken"),
            Map.entry(PACKAGE + "jdk/Carrier.parkCarrier", "parkCarrier"),
            Map.entry(PACKAGE + "jdk/Carrier.unparkCarrier", "unparkCarrier"),
            Map.entry(PACKAGE + "jdk/VirtualThreads.currentCarrier", "currentCarrier"),
            Map.entry(PACKAGE + "jdk/VirtualThreads.newThread", "newThread"),
            Map.entry(PACKAGE + "jdk/VirtualThreads.continuation", "continuation"),
            Map.entry(PACKAGE + "jdk/VirtualThreads.start", "startVirtual"),
            Map.entry(PACKAGE + "jdk/VirtualThreads.container", "container"),
            Map.entry(PACKAGE + "jdk/VirtualThreads.pin", "pin"),
            Map.entry(PACKAGE + "jdk/VirtualThreads.unpin", "unpin"));

    /** Classes in which the capacity of a ring, and what javac made of it, stands as a number. */
    private static final Set<String> KNOW_THE_CAPACITY = Set.of(PACKAGE + "P", PACKAGE + "Sched", PACKAGE + "GlobalQueue");

    private final List<String> sites = new ArrayList<>();
    private final Map<String, Set<String>> volatileFields = new HashMap<>();

    List<String> sites() {
        return sites;
    }

    byte[] rewrite(byte[] bytes) {
        ClassFile classFile = ClassFile.of();
        ClassModel model = classFile.parse(bytes);
        return classFile.transformClass(model, (builder, element) -> {
            if (element instanceof MethodModel method && method.code().isPresent()) {
                builder.transformMethod(method, (mb, me) -> {
                    if (me instanceof java.lang.classfile.CodeModel code) {
                        mb.transformCode(code, new Rewriting(model, method));
                    } else {
                        mb.with(me);
                    }
                });
            } else {
                builder.with(element);
            }
        });
    }

    private boolean isVolatile(String owner, String field) {
        if (!owner.startsWith(PACKAGE)) {
            return false;
        }
        return volatileFields.computeIfAbsent(owner, SimRewriter::readVolatileFields).contains(field);
    }

    private static Set<String> readVolatileFields(String owner) {
        try (InputStream in = SimRewriter.class.getResourceAsStream('/' + owner + ".class")) {
            Set<String> found = new HashSet<>();
            for (FieldModel field : ClassFile.of().parse(in.readAllBytes()).fields()) {
                if (field.flags().has(AccessFlag.VOLATILE)) {
                    found.add(field.fieldName().stringValue());
                }
            }
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The rewriting of one method. */
    private final class Rewriting implements CodeTransform {
        private final String owner;
        private final String method;
        /** A static initialiser runs below the JVM, and a synchronized method holds a monitor: nobody else may go on there. */
        private final boolean pointless;
        private int line;

        Rewriting(ClassModel type, MethodModel method) {
            this.owner = type.thisClass().asInternalName();
            this.method = method.methodName().stringValue();
            this.pointless = this.method.equals("<clinit>") || method.flags().has(AccessFlag.SYNCHRONIZED);
        }

        @Override
        public void accept(CodeBuilder code, CodeElement element) {
            switch (element) {
                case LineNumber number -> {
                    line = number.line();
                    code.with(element);
                }
                case InvokeInstruction call -> call(code, call);
                case FieldInstruction access -> {
                    if (isVolatile(access.owner().asInternalName(), access.name().stringValue())) {
                        boolean get = access.opcode() == Opcode.GETFIELD || access.opcode() == Opcode.GETSTATIC;
                        point(code, (get ? "get " : "set ") + access.name().stringValue());
                    }
                    code.with(element);
                }
                case MonitorInstruction monitor -> {
                    boolean enter = monitor.opcode() == Opcode.MONITORENTER;
                    code.loadConstant(enter ? 1 : -1).invokestatic(SIM, "atomic", INT_TO_VOID);
                    code.with(element);
                }
                case ConstantInstruction constant -> constant(code, constant);
                default -> code.with(element);
            }
        }

        private void point(CodeBuilder code, String what) {
            if (!pointless) {
                sites.add(owner.substring(PACKAGE.length()) + "." + method + ":" + line + " " + what);
                code.loadConstant(sites.size() - 1).invokestatic(SIM, "point", INT_TO_VOID);
            }
        }

        private void constant(CodeBuilder code, ConstantInstruction constant) {
            boolean number = constant.constantValue() instanceof Integer;
            int value = number ? (Integer) constant.constantValue() : 0;
            if (KNOW_THE_CAPACITY.contains(owner) && value >= 128 && value <= 257) {
                code.loadConstant(value).invokestatic(SIM, "size", MethodTypeDesc.of(ConstantDescs.CD_int, ConstantDescs.CD_int));
            } else if (owner.endsWith("FindRunnable") && value == 75) {
                code.loadConstant(1); // the patience of a thief: each pause lets others go on
            } else {
                code.with(constant);
            }
        }

        private void call(CodeBuilder code, InvokeInstruction call) {
            String name = call.name().stringValue();
            String target = call.owner().asInternalName() + "." + name;
            String instead = call.opcode() == Opcode.INVOKESPECIAL ? null : REDIRECTED.get(target);
            boolean halfWay = owner.endsWith("SchedLock") || owner.endsWith("/Hog"); // they wait for another thread's next step
            if (halfWay && "parkCarrier".equals(instead)) {
                instead = "sleepForLock";
            }
            if (call.owner().asSymbol().equals(VAR_HANDLE)) {
                point(code, name);
            }
            for (SimTwin twin : SimTwin.values()) {
                if (twin.breaks(owner.substring(PACKAGE.length()) + "." + method, target)) {
                    breakable(code, call, twin);
                    return;
                }
            }
            if (instead == null) {
                code.with(call);
            } else {
                code.invokestatic(SIM, instead, withReceiver(call));
            }
        }

        private MethodTypeDesc withReceiver(InvokeInstruction call) {
            MethodTypeDesc type = call.typeSymbol();
            if (call.opcode() == Opcode.INVOKESTATIC) {
                return type;
            }
            ClassDesc receiver = call.owner().asSymbol();
            if (call.name().equalsString("start") || call.name().equalsString("isVirtual")) {
                receiver = ClassDesc.of("java.lang.Thread");
            }
            return type.insertParameterTypes(0, receiver);
        }

        /** If the twin is on, the call is not made: its arguments are dropped and the twin's result stands in for its own. */
        private void breakable(CodeBuilder code, InvokeInstruction call, SimTwin twin) {
            MethodTypeDesc type = withReceiver(call);
            var rest = code.newLabel();
            var intact = code.newLabel();
            code.loadConstant(twin.ordinal()).invokestatic(SIM, "broken", MethodTypeDesc.of(
                    ConstantDescs.CD_boolean, ConstantDescs.CD_int));
            code.ifeq(intact);
            if (twin.instead != null) {
                code.invokestatic(ClassDesc.of("dev.heddle.sched.SimTwin"), twin.instead, type);
            } else {
                for (int i = type.parameterCount() - 1; i >= 0; i--) {
                    if (TypeKind.from(type.parameterType(i)).slotSize() == 2) {
                        code.pop2();
                    } else {
                        code.pop();
                    }
                }
                if (!type.returnType().equals(ConstantDescs.CD_void)) {
                    code.loadConstant(twin.result);
                }
            }
            code.goto_(rest);
            code.labelBinding(intact);
            code.with(call);
            code.labelBinding(rest);
        }
    }

}
