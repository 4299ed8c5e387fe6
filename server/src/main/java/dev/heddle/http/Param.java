package dev.heddle.http;

import io.netty.util.AsciiString;
import java.util.Objects;
import java.util.Optional;

/**
 * A value that came with the request: a path parameter, a query parameter or a header. Reading it as something that it is
 * not, or reading one that is missing without saying what then, answers the request with 400 and a message that names it.
 */
public final class Param {
    private final String kind;
    private final String name;
    private final String value;

    /**
     * Makes a parameter.
     *
     * @param kind what it is, for messages
     * @param name its name
     * @param value its value; null if it is missing
     */
    Param(String kind, String name, String value) {
        this.kind = kind;
        this.name = name;
        this.value = value;
    }

    /** Returns the name. */
    public String name() {
        return name;
    }

    /** Returns whether the request has it; an empty value counts. */
    public boolean isPresent() {
        return value != null;
    }

    /**
     * Returns the value.
     *
     * @throws HttpException with 400 if it is missing
     */
    public String get() {
        if (value == null) {
            throw new HttpException(400, kind + " " + name + ": missing");
        }
        return value;
    }

    /** Returns the value, or {@code other} (which may be null) if it is missing. */
    public String orElse(String other) {
        return value == null ? other : value;
    }

    /** Returns the value, or an empty optional if it is missing. */
    public Optional<String> optional() {
        return Optional.ofNullable(value);
    }

    /**
     * Returns the value as a whole number: decimal digits, with a minus before them or without.
     *
     * @throws HttpException with 400 if it is missing or not a whole number of 32 bits
     */
    public int asInt() {
        return inRange(Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    /**
     * Returns the value as a whole number, or {@code other} if it is missing.
     *
     * @throws HttpException with 400 if it is not a whole number of 32 bits
     */
    public int asInt(int other) {
        return value == null ? other : asInt();
    }

    /**
     * Returns the value as a whole number in a range.
     *
     * @param min the lowest value allowed
     * @param max the highest value allowed
     * @throws HttpException with 400 if it is missing, not a whole number or out of the range
     */
    public int inRange(int min, int max) {
        return (int) inRange((long) min, (long) max);
    }

    /**
     * Returns the value as a whole number: decimal digits, with a minus before them or without.
     *
     * @throws HttpException with 400 if it is missing or not a whole number of 64 bits
     */
    public long asLong() {
        return inRange(Long.MIN_VALUE, Long.MAX_VALUE);
    }

    /**
     * Returns the value as a whole number, or {@code other} if it is missing.
     *
     * @throws HttpException with 400 if it is not a whole number of 64 bits
     */
    public long asLong(long other) {
        return value == null ? other : asLong();
    }

    /**
     * Returns the value as a whole number in a range.
     *
     * @param min the lowest value allowed
     * @param max the highest value allowed
     * @throws HttpException with 400 if it is missing, not a whole number or out of the range
     */
    public long inRange(long min, long max) {
        String text = get();
        if (isWhole(text)) {
            try {
                long number = Long.parseLong(text);
                if (number >= min && number <= max) {
                    return number;
                }
            } catch (NumberFormatException e) {
                throw bad(text, "a whole number from " + min + " to " + max, e);
            }
        }
        throw bad(text, "a whole number from " + min + " to " + max, null);
    }

    /** Java takes more: a plus, which is a space in queries, and the digits of all scripts. */
    private static boolean isWhole(String text) {
        int start = text.startsWith("-") ? 1 : 0;
        return start < text.length() && afterDigits(text, start) == text.length();
    }

    private static int afterDigits(String text, int from) {
        int at = from;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        return at;
    }

    /**
     * Returns the value as a finite number: decimal digits with at most one point and, behind them, {@code e} with an exponent.
     *
     * @throws HttpException with 400 if it is missing or not such a number
     */
    public double asDouble() {
        String text = get();
        if (!isDecimal(text)) {
            throw bad(text, "a number", null);
        }
        double number = Double.parseDouble(text);
        if (Double.isFinite(number)) {
            return number;
        }
        throw bad(text, "a finite number", null);
    }

    /** Java takes more: blanks, a plus, hexadecimal digits, NaN, and a letter for its type. */
    private static boolean isDecimal(String text) {
        int start = text.startsWith("-") ? 1 : 0;
        int at = afterDigits(text, start);
        int digits = at - start;
        if (at < text.length() && text.charAt(at) == '.') {
            int fraction = at + 1;
            at = afterDigits(text, fraction);
            digits += at - fraction;
        }
        if (digits > 0 && at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
            int sign = at + 1;
            boolean signed = sign < text.length() && (text.charAt(sign) == '-' || text.charAt(sign) == '+');
            int exponent = signed ? sign + 1 : sign;
            at = afterDigits(text, exponent);
            return at > exponent && at == text.length();
        }
        return digits > 0 && at == text.length();
    }

    /**
     * Returns the value as a finite number, or {@code other} if it is missing.
     *
     * @throws HttpException with 400 if it is not such a number
     */
    public double asDouble(double other) {
        return value == null ? other : asDouble();
    }

    /**
     * Returns the value as a truth value: {@code true} or {@code false}, in any case.
     *
     * @throws HttpException with 400 if it is missing or neither
     */
    public boolean asBoolean() {
        String text = get();
        if (AsciiString.contentEqualsIgnoreCase("true", text)) { // String would take a long s too
            return true;
        }
        if (AsciiString.contentEqualsIgnoreCase("false", text)) {
            return false;
        }
        throw bad(text, "true or false", null);
    }

    /**
     * Returns the value as a truth value, or {@code other} if it is missing.
     *
     * @throws HttpException with 400 if it is neither true nor false
     */
    public boolean asBoolean(boolean other) {
        return value == null ? other : asBoolean();
    }

    private HttpException bad(String got, String need, Throwable cause) {
        return new HttpException(400, kind + " " + name + ": got " + shortened(got) + ", need " + need, cause);
    }

    /** A client's own input comes back to it, but not kilobytes of it. */
    private static String shortened(String text) {
        int most = 64;
        return text.length() <= most ? "'" + text + "'" : "'" + text.substring(0, most) + "...'";
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Param that
                && kind.equals(that.kind)
                && name.equals(that.name)
                && Objects.equals(value, that.value);
    }

    @Override
    public int hashCode() {
        return Objects.hash(kind, name, value);
    }

    /** Returns kind, name and value, for logs. */
    @Override
    public String toString() {
        return kind + " " + name + "=" + value;
    }
}
