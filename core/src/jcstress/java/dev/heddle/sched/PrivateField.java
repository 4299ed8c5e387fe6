package dev.heddle.sched;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** Private fields of the shipped classes, for twins, which use them as their owner does not. */
public final class PrivateField {
    private PrivateField() {}

    /**
     * Finds a field.
     *
     * @param owner the class that declares it
     * @param name its name
     * @param type its type
     * @return access to it in all modes
     */
    public static VarHandle of(Class<?> owner, String name, Class<?> type) {
        try {
            return MethodHandles.privateLookupIn(owner, MethodHandles.lookup()).findVarHandle(owner, name, type);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }
}
