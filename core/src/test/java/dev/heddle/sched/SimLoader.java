package dev.heddle.sched;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Constructor;
import java.util.List;

/**
 * Defines the classes of this package anew, the shipped ones rewritten by {@link SimRewriter}, so that the simulation runs
 * them on threads of its own. Test classes whose name begins with {@code Sim} are taken as they are: they are the
 * simulation.
 */
final class SimLoader extends ClassLoader {
    private static final String PACKAGE = "dev.heddle.sched.";

    private final SimRewriter rewriter = new SimRewriter();

    SimLoader() {
        super(SimLoader.class.getClassLoader());
        setDefaultAssertionStatus(true);
    }

    /** Makes an object of a class that this loader has defined, and that has one constructor. */
    Object make(String simpleName, Object... arguments) {
        try {
            Constructor<?> constructor = Class.forName(PACKAGE + simpleName, true, this).getDeclaredConstructors()[0];
            constructor.setAccessible(true);
            return constructor.newInstance(arguments);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The places in the code that a step of a trace can name, by number. */
    List<String> sites() {
        return rewriter.sites();
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith(PACKAGE) || name.indexOf('.', PACKAGE.length()) >= 0) {
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
            byte[] bytes = in.readAllBytes();
            if (!name.startsWith("Sim", PACKAGE.length())) {
                bytes = rewriter.rewrite(bytes);
            }
            return defineClass(name, bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
