package dev.heddle.http;

/**
 * Turns objects into JSON and back, for {@link Ctx#json} and {@link Ctx#body(Class)}. Set with {@link App#json}; otherwise
 * the first one that {@link java.util.ServiceLoader} finds is used, else Jackson 3 if it is on the class path.
 *
 * <p>Called by many goroutines at once.
 */
public interface JsonCodec {
    /**
     * Turns an object into JSON in UTF-8.
     *
     * @param value the object; null is JSON's null
     * @return the JSON, not used by the codec afterwards
     * @throws RuntimeException if the object cannot be expressed: a mistake in the program, answered with 500
     */
    byte[] toBytes(Object value);

    /**
     * Turns JSON into an object.
     *
     * @param json what the client sent
     * @param type the class of the object
     * @return the object, or null for JSON's null
     * @throws IllegalArgumentException if the bytes are not JSON or do not fit the class; the message is shown to the client
     *     with status 400, so it must not speak of classes or other insides of the program. A {@link StackOverflowError} is
     *     answered with 400, too
     */
    <T> T fromBytes(byte[] json, Class<T> type);
}
