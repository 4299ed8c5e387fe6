package dev.heddle.http;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Initialises the classes that requests need before there is one. A class that has no memory for its initialiser can never be
 * used again. Being loaded is all that this class is for; a test sees to it that none is missing.
 */
final class Preload {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    private static final String[] CLASSES = {
        "dev.heddle.http.AnswerHeaders",
        "dev.heddle.http.BodyDecoder$State",
        "dev.heddle.http.Deadlines",
        "dev.heddle.http.Exchange",
        "dev.heddle.http.Framing",
        "dev.heddle.http.Http1Connection",
        "dev.heddle.http.Http1Connection$1",
        "dev.heddle.http.Http1Decoder",
        "dev.heddle.http.Http1Decoder$Phase",
        "dev.heddle.http.Http1Encoder",
        "dev.heddle.http.HttpDate",
        "dev.heddle.http.Inbound",
        "dev.heddle.http.Mailbox",
        "dev.heddle.http.MediaTypes",
        "dev.heddle.http.Names",
        "dev.heddle.http.Outbound",
        "dev.heddle.http.Rejection",
        "dev.heddle.http.RequestBody",
        "dev.heddle.http.Response",
        "dev.heddle.http.Signal",
        "dev.heddle.http.Turns",
        "dev.heddle.netpoll.PeerEnded",
        "dev.heddle.netpoll.Recovered",
        "io.netty.handler.codec.ByteToMessageDecoder",
        "io.netty.handler.codec.CharSequenceValueConverter",
        "io.netty.handler.codec.CodecOutputList",
        "io.netty.handler.codec.CodecOutputList$CodecOutputLists",
        "io.netty.handler.codec.DecoderResult",
        "io.netty.handler.codec.DefaultHeaders",
        "io.netty.handler.codec.DefaultHeaders$NameValidator",
        "io.netty.handler.codec.DefaultHeaders$ValueValidator",
        "io.netty.handler.codec.http.DefaultHttpHeaders",
        "io.netty.handler.codec.http.DefaultHttpHeaders$HeaderValueConverter",
        "io.netty.handler.codec.http.DefaultHttpHeadersFactory",
        "io.netty.handler.codec.http.EmptyHttpHeaders",
        "io.netty.handler.codec.http.EmptyHttpHeaders$InstanceInitializer",
        "io.netty.handler.codec.http.HttpHeaderNames",
        "io.netty.handler.codec.http.HttpHeaderValues",
        "io.netty.handler.codec.http.HttpHeaders",
        "io.netty.handler.codec.http.HttpMethod",
        "io.netty.handler.codec.http.HttpObjectDecoder",
        "io.netty.handler.codec.http.HttpObjectDecoder$4",
        "io.netty.handler.codec.http.HttpObjectDecoder$HeaderParser",
        "io.netty.handler.codec.http.HttpObjectDecoder$LineParser",
        "io.netty.handler.codec.http.HttpObjectDecoder$State",
        "io.netty.handler.codec.http.HttpObjectEncoder",
        "io.netty.handler.codec.http.HttpRequestDecoder",
        "io.netty.handler.codec.http.HttpResponseStatus",
        "io.netty.handler.codec.http.HttpUtil",
        "io.netty.handler.codec.http.HttpVersion",
        "io.netty.handler.codec.http.LastHttpContent",
    };

    static {
        for (String name : CLASSES) {
            initialize(name);
        }
    }

    private Preload() {}

    /** Does it, the first time. */
    static void once() {
        // by the initialiser
    }

    private static void initialize(String name) {
        try {
            Class.forName(name, true, Preload.class.getClassLoader());
        } catch (ClassNotFoundException | LinkageError e) {
            LOG.debug("{} cannot be loaded ahead", name, e); // of another version of Netty
        }
    }
}
