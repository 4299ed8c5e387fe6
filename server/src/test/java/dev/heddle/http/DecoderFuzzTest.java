package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The decoder reads the same from the same bytes, however they are cut into pieces: all at once, byte by byte, at random.
 * The bytes are requests put together from good and bad parts, with a few bytes changed. A seed that fails is in the
 * message, to be given as {@code -Dheddle.test.fuzz.seed}; {@code -Dheddle.test.fuzz.rounds} makes it longer.
 */
@Timeout(120)
@ExtendWith(NoLeaks.class)
class DecoderFuzzTest {
    private static final int ROUNDS = Integer.getInteger("heddle.test.fuzz.rounds", 2_000);
    private static final int CUTS = 4;

    private static final ServerConfig.Limits LIMITS = Servers.config().limits();

    private static final List<String> LINES = List.of(
            "GET / HTTP/1.1", "POST /a?b=c HTTP/1.1", "POST http://a:80/b HTTP/1.1", "OPTIONS * HTTP/1.1", "POST / HTTP/1.0",
            "GET / HTTP/1.2", "GET / HTTP/2.0", "GET  / HTTP/1.1", "GET\r / HTTP/1.1", "GET /\u00fc HTTP/1.1", "GET /", "");
    private static final List<String> HEADERS = List.of(
            "Host: a", "Host: a:b", "Content-Length: 5", "Content-Length: 0", "Content-Length: 05", "Content-Length: +5",
            "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding:", "Connection: close",
            "Connection: keep-alive", "Expect: 100-continue", "Expect: x", "Sec-WebSocket-Key1: a", "Sec-WebSocket-Key2: b",
            " folded", "\tfolded", "A : b", "A:b\rc", "No-Colon", "Trailer: A", "X: " + "y".repeat(300));
    private static final List<String> BODIES = List.of(
            "", "", "hello", "5\r\nhello\r\n0\r\n\r\n", "5;a=\"b\"\r\nhello\r\n0\r\nA: b\r\n\r\n", "1\r\na\r\n1\r\nb\r\n0\r\n\r\n",
            "5;\r\nhello\r\n0\r\n\r\n", "5\r\nhelloX0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "0\r\nA: b\r\n c\r\n\r\n",
            "fffffffffffffffff\r\n", "00000005\r\nhello\r\n000\r\n\r\n");
    private static final List<String> ENDS = List.of("\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r\r\n");

    /** Writes down what the decoder says, pieces of a body joined, until it says that the rest cannot be read. */
    private static final class Recorder extends ChannelInboundHandlerAdapter {
        private final Http1Decoder decoder;
        final StringBuilder seen = new StringBuilder();
        boolean failed;

        Recorder(Http1Decoder decoder) {
            this.decoder = decoder;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            try {
                if (!failed && message instanceof HttpRequest request) {
                    Rejection rejection = Rejection.of(request, decoder, LIMITS.maxUriBytes());
                    failed = rejection != null;
                    seen.append(
                            failed
                                    ? "\n" + rejection.status() + " " + rejection.detail()
                                    : "\n" + request.method() + " " + request.uri() + " " + request.protocolVersion() + " "
                                            + request.headers().entries() + " " + decoder.bodyLength() + " ");
                    if (failed) {
                        decoder.discardAll();
                    }
                } else if (!failed && message instanceof HttpContent content) {
                    failed = content.decoderResult().isFailure();
                    seen.append(content.content().toString(StandardCharsets.ISO_8859_1));
                    seen.append(failed ? "<bad>" : content instanceof LastHttpContent ? "<end>" : "");
                }
            } finally {
                ReferenceCountUtil.release(message);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            throw new AssertionError("the decoder has thrown", cause);
        }
    }

    private static String decoded(byte[] bytes, Random cuts, int most) {
        Http1Decoder decoder = new Http1Decoder(LIMITS);
        Recorder recorder = new Recorder(decoder);
        EmbeddedChannel channel = new EmbeddedChannel(decoder, recorder);
        try {
            for (int at = 0; at < bytes.length; ) {
                int n = Math.min(bytes.length - at, most == 1 ? 1 : 1 + cuts.nextInt(most));
                channel.writeInbound(Unpooled.copiedBuffer(bytes, at, n));
                at += n;
            }
            return recorder.seen + (decoder.isInHead() ? "\n<in head>" : "");
        } finally {
            channel.checkException();
            channel.close();
        }
    }

    private static String pick(List<String> from, Random random) {
        return from.get(random.nextInt(from.size()));
    }

    /** Returns one to three requests, or what looks like some. */
    static byte[] requests(Random random) {
        StringBuilder text = new StringBuilder();
        for (int n = 1 + random.nextInt(3); n > 0; n--) {
            boolean plain = random.nextInt(3) > 0;
            text.append(random.nextInt(6) > 0 ? "" : "\r\n".repeat(random.nextInt(12)));
            text.append(plain ? LINES.get(random.nextInt(4)) : pick(LINES, random)).append(pick(ENDS, random));
            text.append("Host: a\r\n".repeat(random.nextInt(8) > 0 ? 1 : 0));
            for (int h = random.nextInt(4); h > 0; h--) {
                text.append(pick(HEADERS, random)).append(pick(ENDS, random));
            }
            text.append("\r\n").append(pick(BODIES, random));
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.ISO_8859_1);
        for (int changes = random.nextInt(4) - 1; changes > 0; changes--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
        return bytes;
    }

    @Test
    void theSameBytesAreReadTheSameHoweverTheyArrive() {
        long first = Long.getLong("heddle.test.fuzz.seed", new SplittableRandom().nextLong());
        int good = 0;
        int bad = 0;
        for (int round = 0; round < ROUNDS; round++) {
            long seed = first + round;
            byte[] bytes = requests(new Random(seed));
            String whole = decoded(bytes, new Random(seed), Integer.MAX_VALUE >> 1);
            for (int cut = 0; cut < CUTS; cut++) {
                String pieces = decoded(bytes, new Random(seed + cut), cut == 0 ? 1 : 7 * cut * cut);
                assertEquals(whole, pieces, () -> "seed " + seed + ":\n" + new String(bytes, StandardCharsets.ISO_8859_1));
            }
            good += whole.contains("<end>") ? 1 : 0;
            bad += whole.contains("<bad>") || whole.contains("\n400") ? 1 : 0;
        }
        assertTrue(good > ROUNDS / 10 && bad > ROUNDS / 10, "got " + good + " good and " + bad + " bad ones");
    }
}
