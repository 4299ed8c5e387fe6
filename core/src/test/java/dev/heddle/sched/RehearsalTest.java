package dev.heddle.sched;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is loaded and linked before a scheduler starts, and must not be for the first time when there is no memory. */
class RehearsalTest {
    private static final String PACKAGE = "dev.heddle.sched.";

    /** Reached by dumps, figures and recordings, or once at the start: an error there is its caller's. */
    private static final Set<String> NOT_SCHEDULING = Set.of("TraceChunk$Copy", "JfrEvents", "FlightRecorder", "Shutdown");

    /** Called by the rewritten classes, which see this class and not a copy of it. */
    public static final class Seen {
        static final Set<String> CALLS = new ConcurrentSkipListSet<>();

        private Seen() {}

        /** Takes down a call that is about to be made. */
        public static void call(String what) {
            CALLS.add(what);
        }
    }

    /** Defines the scheduler anew, with a call of {@link Seen} before each call of a VarHandle. */
    private static final class Observing extends ClassLoader {
        final Set<String> calls = new TreeSet<>();

        Observing() {
            super(RehearsalTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith(PACKAGE) || name.indexOf('.', PACKAGE.length()) >= 0 || name.contains("RehearsalTest")) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> known = findLoadedClass(name);
                return known != null ? known : define(name);
            }
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
                if (in == null) {
                    throw new ClassNotFoundException(name);
                }
                byte[] bytes = rewrite(name.substring(PACKAGE.length()), in.readAllBytes());
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private byte[] rewrite(String type, byte[] bytes) {
            ClassFile file = ClassFile.of();
            return file.transformClass(file.parse(bytes), (builder, element) -> {
                if (element instanceof MethodModel method && method.code().isPresent()) {
                    builder.transformMethod(method, (mb, me) -> {
                        if (me instanceof CodeModel code) {
                            mb.transformCode(code, (cb, ce) -> observe(type, cb, ce));
                        } else {
                            mb.with(me);
                        }
                    });
                } else {
                    builder.with(element);
                }
            });
        }

        /** What is linked together: all calls in one class with the same name and types. */
        private void observe(String type, CodeBuilder code, CodeElement element) {
            if (element instanceof InvokeInstruction call
                    && call.owner().asInternalName().equals("java/lang/invoke/VarHandle")
                    && !call.name().stringValue().endsWith("Fence")) {
                String what = type + " " + call.name().stringValue() + call.type().stringValue();
                calls.add(what);
                code.ldc(what).invokestatic(
                        ClassDesc.of(PACKAGE + "RehearsalTest$Seen"),
                        "call",
                        MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String));
            }
            code.with(element);
        }
    }

    @Test
    void everyCallOfAVarHandleIsLinked() throws Exception {
        Observing observing = new Observing();
        Class.forName(PACKAGE + "Rehearsal", true, observing);
        for (String name : Preload.CLASSES) {
            if (name.startsWith("sched.")) {
                Class.forName("dev.heddle." + name, true, observing);
            }
        }
        assertFalse(observing.calls.isEmpty());
        List<String> missing = new ArrayList<>(observing.calls);
        missing.removeAll(Seen.CALLS);
        missing.removeIf(call -> NOT_SCHEDULING.contains(call.substring(0, call.indexOf(' '))));
        assertEquals(List.of(), missing, "to be made once by Rehearsal");
    }

    @Test
    void everyClassIsLoaded() throws IOException, URISyntaxException {
        Set<String> present = new TreeSet<>();
        for (String part : List.of("sched", "time", "context", "sync")) {
            Path classes = Path.of(Sched.class.getProtectionDomain().getCodeSource().getLocation().toURI())
                    .resolve("dev/heddle")
                    .resolve(part);
            try (Stream<Path> files = Files.list(classes)) {
                files.map(file -> file.getFileName().toString())
                        .filter(file -> file.endsWith(".class"))
                        .map(file -> part + "." + file.substring(0, file.length() - ".class".length()))
                        .filter(name -> !name.matches(".*\\.(package-info|Preload|Chrome.*|.*Dump|Trace(Json|Chunk.Copy)"
                                + "|SchedTrace.*|FlightRecorder|JfrEvents.*|Deadlock.*|Scheduler|Scheduler(Config|Stats).*"
                                + "|Snapshot|CreatedBy|Pprof.*|WaitProfile.*)"))
                        .forEach(present::add);
            }
        }
        assertEquals(present, new TreeSet<>(List.of(Preload.CLASSES)), "to be named in Preload.CLASSES");
    }
}
