package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Malformed requests: a clear answer and a closed connection, and nothing that follows is taken for a request. */
@HttpTest
class BadRequestTest {
    private static final String GET = "GET / HTTP/1.1\r\n";
    private static final String POST = "POST /echo HTTP/1.1\r\nHost: test\r\n";
    private static final String SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n";

    private static Server server;
    private static volatile boolean smuggled;

    @BeforeAll
    static void start() throws IOException {
        server = Servers.start(App.create()
                .get("/", c -> c.text("hello"))
                .get("/smuggled", c -> smuggled = true)
                .post("/echo", c -> c.text(c.bodyText())));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    static Stream<Arguments> malformed() {
        return Stream.of(
                row("content-length and chunked", 400, POST + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                row("chunked and content-length", 400, POST + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
                row("two content-lengths", 400, POST + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
                row("two equal content-lengths", 400, POST + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
                row("list of content-lengths", 400, POST + "Content-Length: 5, 6\r\n\r\nhello!"),
                row("negative content-length", 400, POST + "Content-Length: -5\r\n\r\nhello"),
                row("content-length with a plus", 400, POST + "Content-Length: +5\r\n\r\nhello"),
                row("content-length in hexadecimal", 400, POST + "Content-Length: 0x5\r\n\r\nhello"),
                row("content-length beyond a long", 400, POST + "Content-Length: 99999999999999999999\r\n\r\n"),
                row("content-length of 2^63", 400, POST + "Content-Length: 9223372036854775808\r\n\r\n"),
                row("content-length with an underscore", 400, POST + "Content-Length: 1_0\r\n\r\nhello"),
                row("content-length with a vertical tab", 400, POST + "Content-Length: 5\u000b\r\n\r\nhello"),
                row("content-length with a blank inside", 400, POST + "Content-Length: 5 5\r\n\r\nhello"),
                row("two content-lengths in HTTP/1.0", 400,
                        "POST /echo HTTP/1.0\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nhello"),
                row("empty content-length", 400, POST + "Content-Length: \r\n\r\n"),
                row("transfer-encoding that is not chunked", 400, POST + "Transfer-Encoding: gzip\r\n\r\n"),
                row("chunked that is not last", 400, POST + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
                row("chunked twice", 400, POST + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                row("misspelt transfer-encoding", 400, POST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
                row("chunked twice in a line", 400, POST + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
                row("chunked before another", 400, POST + "Transfer-Encoding: chunked, foo\r\n\r\n0\r\n\r\n"),
                row("chunked with a parameter", 400, POST + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"),
                row("chunked in quotes", 400, POST + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
                row("chunked after a vertical tab", 400, POST + "Transfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n"),
                row("chunked before a vertical tab", 400, POST + "Transfer-Encoding: chunked\u000b\r\n\r\n0\r\n\r\n"),
                row("comma before chunked", 400, POST + "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n"),
                row("comma after chunked", 400, POST + "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n"),
                row("empty transfer-encoding", 400, POST + "Transfer-Encoding:\r\n\r\n0\r\n\r\n"),
                row("identity", 400, POST + "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello"),
                row("identity without length", 400, POST + "Transfer-Encoding: identity\r\n\r\n"),
                row("an unknown coding", 501, POST + "Transfer-Encoding: foo, chunked\r\n\r\n0\r\n\r\n"),
                row("an unknown coding on a line of its own", 501,
                        POST + "Transfer-Encoding: foo\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                row("a coding that is not undone", 501, POST + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
                row("chunked in HTTP/1.0", 400, "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                row("bare LF after the request line", 400, "GET / HTTP/1.1\nHost: test\r\n\r\n"),
                row("bare LF after a header", 400, GET + "Host: test\nA: b\r\n\r\n"),
                row("bare LF at the end of the head", 400, GET + "Host: test\r\n\n"),
                row("bare CR in a header", 400, GET + "Host: test\r\nA: b\rc: d\r\n\r\n"),
                row("space before the colon", 400, GET + "Host: test\r\nContent-Length : 5\r\n\r\n"),
                row("no colon", 400, GET + "Host: test\r\nnonsense\r\n\r\n"),
                row("no header name", 400, GET + "Host: test\r\n: value\r\n\r\n"),
                row("space in a header name", 400, GET + "Host: test\r\nA b: c\r\n\r\n"),
                row("NUL in a header value", 400, GET + "Host: test\r\nA: b\0c\r\n\r\n"),
                row("NUL in a header name", 400, GET + "Host: test\r\nA\0: b\r\n\r\n"),
                row("NUL in the target", 400, "GET /\0 HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("control character in the target", 400, "GET /\u0007 HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("raw byte in the target", 400, "GET /\u00fc HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("fragment in the target", 400, "GET /#a HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("target without slash", 400, "GET hello HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("asterisk for GET", 400, "GET * HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("broken escape", 400, "GET /%zz HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("escape cut off", 400, "GET /a%2 HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("escapes that are not UTF-8", 400, "GET /%ff%fe HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("overlong escapes", 400, "GET /a%c0%afb HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("escaped surrogate", 400, "GET /a%ed%a0%80b HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("encoded NUL", 400, "GET /a%00b HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("encoded DEL", 400, "GET /a%7Fb HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("escape sequence in the target", 400, "GET /\u001b[2J HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("NUL in an asterisk", 400, "OPTIONS *\0 HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("dot segments", 400, "GET /a/../b HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("encoded dot segments", 400, "GET /a/%2e%2E/b HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("CR before the target", 400, "GET\r /x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("CR for the first space", 400, "GET\r/x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("form feed after the target", 400, "GET /x\f HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("vertical tab for a space", 400, "GET\u000b/x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("tab for a space", 400, "GET\t/x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("tab for the second space", 400, "GET /x\tHTTP/1.1\r\nHost: test\r\n\r\n"),
                row("CR before the version", 400, "GET /x \rHTTP/1.1\r\nHost: test\r\n\r\n"),
                row("CR for the second space", 400, "GET /x\rHTTP/1.1\r\nHost: test\r\n\r\n"),
                row("CR in the target", 400, "GET /x\ry HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("CR after the version", 400, "GET /x HTTP/1.1\r\r\nHost: test\r\n\r\n"),
                row("two spaces before the target", 400, "GET  /x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("two spaces before the version", 400, "GET /x  HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("space before the method", 400, " GET /x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("space after the version", 400, "GET /x HTTP/1.1 \r\nHost: test\r\n\r\n"),
                row("space in the target", 400, "GET /x y HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("LF before the method", 400, "\nGET /x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("CR before the method", 400, "\rGET /x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("two CR before the method", 400, "\r\r\nGET /x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("many empty lines before the method", 400, "\r\n".repeat(9) + "GET /x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("nothing but empty lines", 400, "\r\n".repeat(10_000)),
                row("control characters before the method", 400, "\0\u0001GET /x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("DEL before the method", 400, "\u007fGET /x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("a byte beyond ASCII before the method", 400, "\u0080GET /x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("folded header", 400, GET + "Host: test\r\nA: b\r\n c\r\n\r\n"),
                row("header folded with a tab", 400, GET + "Host: test\r\nA: b\r\n\tc\r\n\r\n"),
                row("header folded with nothing", 400, GET + "Host: test\r\nA: b\r\n \r\n\r\n"),
                row("folded host", 400, GET + "Host:\r\n test\r\n\r\n"),
                row("folded transfer-encoding", 400, POST + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
                row("transfer-encoding folded after", 400, POST + "Transfer-Encoding: chunked\r\n \r\n\r\n0\r\n\r\n"),
                row("folded content-length", 400, POST + "Content-Length:\r\n 5\r\n\r\nhello"),
                row("folded expectation", 400, POST + "Expect:\r\n 100-continue\r\nContent-Length: 5\r\n\r\nhello"),
                row("space before the first header", 400, GET + " Host: test\r\n\r\n"),
                row("CR before the end of the head", 400, GET + "Host: test\r\n\r\r\n"),
                row("no version", 400, "GET /\r\nHost: test\r\n\r\n"),
                row("no target", 400, "GET\r\n\r\n"),
                row("version in lower case", 400, "GET / http/1.1\r\nHost: test\r\n\r\n"),
                row("version without number", 400, "GET / HTTP/x.y\r\nHost: test\r\n\r\n"),
                row("version with two digits", 400, "GET / HTTP/1.10\r\nHost: test\r\n\r\n"),
                row("version in lower case beyond 1.1", 400, "GET / http/1.2\r\nHost: test\r\n\r\n"),
                row("version that overflows", 400, "GET / HTTP/4294967297.1\r\nHost: test\r\n\r\n"),
                row("HTTP/0.9 that says so", 505, "GET / HTTP/0.9\r\nHost: test\r\n\r\n"),
                row("another protocol", 400, "GET / SPAM/1.1\r\nHost: test\r\n\r\n"),
                row("a version that does not exist", 505, "GET / HTTP/9.9\r\nHost: test\r\n\r\n"),
                row("HTTP/2 without negotiation", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
                row("method with a bad character", 400, "G@T / HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("TLS on the plain port", 400, "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\r\n\r\n"),
                row("no host", 400, GET + "\r\n"),
                row("two hosts", 400, GET + "Host: a\r\nHost: b\r\n\r\n"),
                row("two hosts in HTTP/1.0", 400, "GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n"),
                row("host with a path", 400, GET + "Host: a/b\r\n\r\n"),
                row("host with a space", 400, GET + "Host: a b\r\n\r\n"),
                row("host with two ports", 400, GET + "Host: a:80:80\r\n\r\n"),
                row("IPv6 address without brackets", 400, GET + "Host: ::1\r\n\r\n"),
                row("IPv6 address with one bracket", 400, GET + "Host: [::1\r\n\r\n"),
                row("two hosts in one", 400, GET + "Host: a, b\r\n\r\n"),
                row("host with a NUL", 400, GET + "Host: a\0b\r\n\r\n"),
                row("user before the host", 400, GET + "Host: user@a\r\n\r\n"),
                row("empty host in an absolute target", 400, "GET http:///x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("no host but a port in an absolute target", 400, "GET http://:80/x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("user in an absolute target", 400, "GET http://user@test/x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("bad port in an absolute target", 400, "GET http://test:x/x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("port of an absolute target too large", 400, "GET http://test:65536/ HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("another scheme", 400, "GET ftp://test/x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("fragment in an absolute target", 400, "GET http://test#x HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("absolute target without Host", 400, "GET http://test/ HTTP/1.1\r\n\r\n"),
                row("CONNECT", 501, "CONNECT test:80 HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("an expectation that cannot be met", 417, POST + "Expect: miracles\r\nContent-Length: 1\r\n\r\n"),
                row("a second expectation", 417,
                        POST + "Expect: 100-continue\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\n"),
                row("a first expectation", 417,
                        POST + "Expect: miracles\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"),
                row("two expectations on one line", 417, POST + "Expect: 100-continue, y\r\nContent-Length: 1\r\n\r\n"),
                row("two expectations without comma", 417, POST + "Expect: y 100-continue\r\nContent-Length: 1\r\n\r\n"),
                row("empty expectation", 417, POST + "Expect:\r\nContent-Length: 1\r\n\r\n"),
                row("long target", 414, "GET /" + "a".repeat(9000) + " HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("target one byte too long", 414, "GET /" + "a".repeat(8192) + " HTTP/1.1\r\nHost: test\r\n\r\n"),
                row("request line without end", 414, "GET /" + "a".repeat(20_000)),
                row("large header", 431, GET + "Host: test\r\nA: " + "b".repeat(17_000) + "\r\n\r\n"),
                row("header without end", 431, GET + "Host: test\r\nA: " + "b".repeat(40_000)),
                row("many headers", 431, GET + "Host: test\r\n" + "A: b\r\n".repeat(100) + "\r\n"));
    }

    private static Arguments row(String what, int status, String request) {
        return Arguments.of(what, status, request);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void isRefusedAndTheConnectionClosed(String what, int status, String request) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send(request);
            client.send(SMUGGLED);
            Answer answer = client.read();
            assertEquals(status, answer.status(), answer::toString);
            assertEquals("application/problem+json", answer.header("content-type"));
            assertTrue(answer.text().startsWith("{\"type\":\"about:blank\",\"title\":\""), answer::text);
            assertTrue(answer.text().contains("\"status\":" + status), answer::text);
            assertFalse(answer.text().contains("netty") || answer.text().contains("Exception"), answer::text);
            assertTrue(answer.closes());
            assertTrue(client.isAtEnd());
        }
        assertFalse(smuggled);
    }

    @Test
    void limitsAreInclusive() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.get("/" + "a".repeat(8191));
            assertEquals(404, client.read().status());
            client.send(GET + "Host: test\r\n" + "A: b\r\n".repeat(99) + "\r\n");
            assertEquals(200, client.read().status());
            client.send(GET + "Host: test\r\nA: " + "b".repeat(16_300) + "\r\n\r\n");
            assertEquals(200, client.read().status());
        }
    }

    @Test
    void requestsBeforeAMalformedOneAreAnsweredFirst() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send(GET + "Host: test\r\n\r\n" + GET + "Host: test\r\n\r\n" + "nonsense\r\n\r\n" + SMUGGLED);
            assertEquals(200, client.read().status());
            assertEquals(200, client.read().status());
            Answer answer = client.read();
            assertEquals(400, answer.status());
            assertTrue(answer.closes());
            assertTrue(client.isAtEnd());
        }
        assertFalse(smuggled);
    }

    @ParameterizedTest
    @MethodSource
    void malformedChunks(String chunks) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send(POST + "Transfer-Encoding: chunked\r\n\r\n" + chunks + SMUGGLED);
            Answer answer = client.read();
            assertEquals(400, answer.status(), answer::toString);
            assertTrue(answer.closes());
            assertTrue(client.isAtEnd());
        }
        assertFalse(smuggled);
    }

    static Stream<String> malformedChunks() {
        return Stream.of(
                "x\r\n",
                "-5\r\nhello\r\n0\r\n\r\n",
                "+5\r\nhello\r\n0\r\n\r\n",
                "5\nhello\r\n0\r\n\r\n",
                "5\r\nhello0\r\n\r\n",
                "5\r\nhello\n0\r\n\r\n",
                "5\r\nhello\r\n0\r\nTrailer without colon\r\n\r\n",
                "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n",
                "5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n",
                "5;a=\"\r\"\r\nhello\r\n0\r\n\r\n",
                "5;a=\"b\r\nhello\r\n0\r\n\r\n",
                "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n",
                "5;\r\nhello\r\n0\r\n\r\n",
                "5;a;\r\nhello\r\n0\r\n\r\n",
                "5;=b\r\nhello\r\n0\r\n\r\n",
                "5;a=\r\nhello\r\n0\r\n\r\n",
                "5;a\nhello\r\n0\r\n\r\n",
                "5;a\rb\r\nhello\r\n0\r\n\r\n",
                "5;a\0\r\nhello\r\n0\r\n\r\n",
                "5 \r\nhello\r\n0\r\n\r\n",
                "5 5\r\nhello\r\n0\r\n\r\n",
                " 5\r\nhello\r\n0\r\n\r\n",
                "5\t\r\nhello\r\n0\r\n\r\n",
                "0x5\r\nhello\r\n0\r\n\r\n",
                "5_\r\nhello\r\n0\r\n\r\n",
                "5\r\r\nhello\r\n0\r\n\r\n",
                "5\r\nhelloXX0\r\n\r\n",
                "5\r\nhello\r\r\n0\r\n\r\n",
                "5\r\nhello\r\n-0\r\n\r\n",
                "5\r\nhello\r\n+0\r\n\r\n",
                "5\r\nhello\r\n;a\r\n\r\n",
                "5\r\nhello\r\n0\r\n\n",
                "5\r\nhello\r\n0\n\r\n",
                "5\r\nhello\r\n0\r\n: b\r\n\r\n",
                "5\r\nhello\r\n0\r\nA : b\r\n\r\n",
                "5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n",
                "5\r\nhello\r\n0\r\n A: b\r\n\r\n",
                "5\r\nhello\r\n0\r\nA: b\rc\r\n\r\n",
                "5\r\nhello\r\n0\r\nContent-Length: b\0c\r\n\r\n",
                "5\r\nhello\r\n0\r\n" + "A: b\r\n".repeat(101) + "\r\n",
                "5\r\nhello\r\n0\r\nA: " + "b".repeat(17_000) + "\r\n\r\n",
                "5;" + "a".repeat(5000) + "\r\nhello\r\n0\r\n\r\n",
                "5;" + "a".repeat(70_000),
                "00000000000000005\r\nhello\r\n0\r\n\r\n",
                "ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
                "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
                "8000000000000000\r\nhello\r\n0\r\n\r\n",
                "\r\nhello\r\n0\r\n\r\n");
    }

    @Test
    void leadingEmptyLinesAreFine() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("\r\n\r\nGET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
            assertEquals("hello", client.read().text());
            client.send("\r\n".repeat(8) + "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
            assertEquals("hello", client.read().text());
            for (String part : "\r\n\r\nGET / HTTP/1.1\r\nHost: example.org\r\n\r\n".split("")) {
                client.send(part);
            }
            assertEquals("hello", client.read().text());
        }
    }

    @Test
    void laterMinorVersionsAreServedAsTheOneKnown() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("GET / HTTP/1.2\r\nHost: test\r\n\r\n");
            assertEquals("HTTP/1.1 200 OK", client.read().statusLine());
            client.send("POST /echo HTTP/1.9\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
            assertEquals("hello", client.read().text());
            client.send("GET / HTTP/1.2\r\n\r\n");
            assertEquals(400, client.read().status());
        }
    }

    @Test
    void foldsAreSeenWhereverTheReadEnds() throws IOException {
        String request = GET + "Host: test\r\nA: b\r\n c\r\n\r\n";
        for (int cut = 1; cut < request.length(); cut++) {
            try (RawClient client = RawClient.to(server)) {
                client.get("/").send(request.substring(0, cut));
                assertEquals(200, client.read().status());
                client.send(request.substring(cut));
                assertEquals(400, client.read().status());
            }
        }
    }

    @Test
    void theServerGoesOn() throws IOException {
        long before = server.stats().malformed();
        for (int i = 0; i < 50; i++) {
            try (RawClient client = RawClient.to(server)) {
                client.send("nonsense\r\n\r\n").read();
            }
        }
        assertEquals(before + 50, server.stats().malformed());
        try (RawClient client = RawClient.to(server)) {
            assertEquals(200, client.get("/").read().status());
        }
    }
}
