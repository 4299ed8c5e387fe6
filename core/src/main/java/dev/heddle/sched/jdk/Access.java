package dev.heddle.sched.jdk;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Constructor;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens to this module what it needs of the JDK, as far as the flags of the JVM have not. The flags are the supported way; this
 * one spares programs, tests, IDEs and containers from repeating them.
 *
 * <p>The way in is {@code sun.reflect.ReflectionFactory}, which the module {@code jdk.unsupported} exports to everybody: it makes
 * any constructor accessible, so also that of a {@link MethodHandles.Lookup} with all rights, and that one may call what
 * {@code --add-opens} calls in {@link Module}. Nothing is opened to other modules, and {@code sun.misc.Unsafe}, whose first use
 * prints a warning, is left alone.
 *
 * <p>Must have run before a class is linked that needs what it opens. {@link VirtualThreads} sees to that in its initialiser:
 * everything else asks that class before it touches a {@link Carrier}.
 */
final class Access {
    /**
     * {@code -Dheddle.open-jdk=false} leaves the JDK as it is: then the flags are needed. The variable
     * {@code HEDDLE_OPEN_JDK} says the same.
     */
    static final String SETTING = "heddle.open-jdk";

    private static final String VARIABLE = "HEDDLE_OPEN_JDK";

    /** {@code MethodHandles.Lookup.TRUSTED}. */
    private static final int TRUSTED = -1;

    private static final Module BASE = Object.class.getModule();
    private static final Module OWN = Access.class.getModule();
    private static final String OPENED = "java.lang";
    private static final List<String> EXPORTED = List.of("jdk.internal.misc", "jdk.internal.access", "jdk.internal.vm");

    /** Who gets it, in the words of the flags. */
    private static final String TARGET = OWN.isNamed() ? OWN.getName() : "ALL-UNNAMED";

    private static final String NATIVE_FLAG = "--enable-native-access=" + TARGET;

    /** Flags that were not given, and whose work was done here. */
    private static final List<String> SPARED = new ArrayList<>();

    /** Why something could not be opened, or null. */
    private static Throwable refusal;

    private static boolean reported;

    private Access() {}

    /** Opens what is closed. Never throws: what goes wrong is kept for {@link #refusal}. */
    static synchronized void open() {
        try {
            boolean forbidden = isForbidden();
            if (!isComplete()) {
                if (forbidden) {
                    throw new IllegalStateException(SETTING + "=false forbids to do without the flags");
                }
                openWith(trusted());
            }
        } catch (Throwable e) { // whatever a different JDK brings
            refusal = e;
        }
    }

    private static boolean isComplete() {
        return BASE.isOpen(OPENED, OWN)
                && EXPORTED.stream().allMatch(each -> BASE.isExported(each, OWN))
                && OWN.isNativeAccessEnabled();
    }

    private static boolean isForbidden() {
        String value = System.getProperty(SETTING, System.getenv(VARIABLE));
        if (value == null || value.equals("true")) {
            return false;
        }
        if (value.equals("false")) {
            return true;
        }
        throw new IllegalArgumentException(SETTING + ": got '" + value + "', need true or false");
    }

    private static MethodHandles.Lookup trusted() throws ReflectiveOperationException {
        Class<?> type = Class.forName("sun.reflect.ReflectionFactory");
        Object factory = type.getMethod("getReflectionFactory").invoke(null);
        Constructor<?> constructor =
                MethodHandles.Lookup.class.getDeclaredConstructor(Class.class, Class.class, int.class);
        Constructor<?> accessible = (Constructor<?>) type.getMethod(
                        "newConstructorForSerialization", Class.class, Constructor.class)
                .invoke(factory, MethodHandles.Lookup.class, constructor);
        return (MethodHandles.Lookup) accessible.newInstance(Object.class, null, TRUSTED);
    }

    private static void openWith(MethodHandles.Lookup trusted) throws Throwable {
        MethodType type = MethodType.methodType(void.class, String.class, Module.class);
        MethodHandle opens = trusted.findVirtual(Module.class, "implAddOpens", type);
        MethodHandle exports = trusted.findVirtual(Module.class, "implAddExports", type);
        if (!BASE.isOpen(OPENED, OWN)) {
            opens.invokeExact(BASE, OPENED, OWN);
            SPARED.add(flag("--add-opens", OPENED));
        }
        for (String each : EXPORTED) {
            if (!BASE.isExported(each, OWN)) {
                exports.invokeExact(BASE, each, OWN);
                SPARED.add(flag("--add-exports", each));
            }
        }
        if (!OWN.isNativeAccessEnabled()) {
            enableNativeAccess(trusted);
            SPARED.add(NATIVE_FLAG);
        }
    }

    /** For the netpoller, which calls the system, and for Netty's libraries: spares their users a warning. */
    private static void enableNativeAccess(MethodHandles.Lookup trusted) throws Throwable {
        if (OWN.isNamed()) {
            MethodType type = MethodType.methodType(Module.class);
            trusted.findVirtual(Module.class, "implAddEnableNativeAccess", type).invoke(OWN);
        } else { // the JDK knows only one right for all of them
            MethodType type = MethodType.methodType(void.class);
            trusted.findStatic(Module.class, "implAddEnableNativeAccessToAllUnnamed", type).invokeExact();
        }
    }

    /** Returns all flags that are needed where nothing is opened here, as they stand on a command line. */
    static String flags() {
        List<String> flags = new ArrayList<>();
        flags.add(flag("--add-opens", OPENED));
        EXPORTED.forEach(each -> flags.add(flag("--add-exports", each)));
        flags.add(NATIVE_FLAG);
        return String.join(" ", flags);
    }

    private static String flag(String name, String packageName) {
        return name + " java.base/" + packageName + "=" + TARGET;
    }

    /** Returns why something is not open that should be, an {@link IllegalArgumentException} for a bad setting, or null. */
    static synchronized Throwable refusal() {
        return refusal;
    }

    /** Says once what was opened. */
    static synchronized void report() {
        if (!reported && !SPARED.isEmpty()) {
            reported = true;
            Logger log = LoggerFactory.getLogger("dev.heddle.sched.Scheduler");
            log.info(
                    "opened internals of the JDK to {}, as these flags would have, which spare it: {}",
                    OWN.isNamed() ? "module " + OWN.getName() : "the class path",
                    String.join(" ", SPARED));
        }
    }
}
