package dev.heddle.http;

import java.util.Iterator;
import java.util.ServiceLoader;

/** Finds a {@link JsonCodec} for applications that have not set one. */
final class JsonCodecs {
    private JsonCodecs() {}

    /** Returns the first codec that is registered as a service, else one of Jackson 3 if that is there, else null. */
    static JsonCodec find() {
        Iterator<JsonCodec> services = ServiceLoader.load(JsonCodec.class).iterator();
        if (services.hasNext()) {
            return services.next();
        }
        try {
            return new JacksonCodec();
        } catch (NoClassDefFoundError e) {
            return null; // Jackson is an optional dependency; json() says what to add
        }
    }
}
