package dev.heddle.http;

import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.databind.json.JsonMapper;

/** JSON by Jackson 3, with its standard settings. Loaded only where Jackson is there. */
final class JacksonCodec implements JsonCodec {
    private final JsonMapper mapper = JsonMapper.builder().build();

    @Override
    public byte[] toBytes(Object value) {
        return mapper.writeValueAsBytes(value);
    }

    @Override
    public <T> T fromBytes(byte[] json, Class<T> type) {
        try {
            return mapper.readValue(json, type);
        } catch (JacksonException e) {
            throw new IllegalArgumentException(describe(e), e);
        }
    }

    /** Jackson's own messages name classes of the program; where it went wrong is enough for a client. */
    private static String describe(JacksonException e) {
        TokenStreamLocation at = e.getLocation();
        String where = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
        if (e instanceof StreamReadException) {
            return "malformed JSON" + where;
        }
        String path = e.getPath().stream()
                .map(step -> step.getPropertyName() == null ? "[" + step.getIndex() + "]" : step.getPropertyName())
                .collect(Collectors.joining("."));
        return "JSON does not fit" + (path.isEmpty() ? "" : " in " + path) + where;
    }
}
