package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The host that a request is for: its grammar, and which one counts if it is named twice. */
@HttpTest
class AuthorityTest {
    private static Server server;

    @BeforeAll
    static void start() throws IOException {
        server = Servers.start(App.create()
                .get("/", c -> c.text(c.authority() + " " + c.headerAll("Host") + " " + c.path() + " " + c.queryString()))
                .get("/x", c -> c.text(c.authority() + " " + c.headerAll("Host") + " " + c.path() + " " + c.queryString())));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "a", "a:", "a:80", "a:0", "a:65535", "a:00080", "my_service:8080", "[::1]", "[::1]:80", "[::1]:",
                "[::ffff:127.0.0.1]", "[2001:db8::1]:8080", "127.0.0.1", "127.0.0.1:8080", "b%C3%BCcher.example", "a%2Fb:1",
                "xn--bcher-kva.example", "a.", "-", "~!$&'()*+,;=", "999.999.999.999"
            })
    void good(String text) {
        assertTrue(Authority.isValid(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ":", ":80", "a:80:80", "a:b", "a:-1", "a:+1", "a:65536", "a:99999999999", "a: 80", "::1", "[::1", "::1]",
                "[::1]80", "[::1]]", "[[::1]]", "]:[", "[]", "[]:80", "[a]", "[::1%25eth0]", "[fe80::1%eth0]", "[1.2.3.4]",
                "[::1]a", "a[::1]", "user@a", "user:secret@a", "@a", "a/b", "a?b", "a#b", "a b", "a\\b", "a%", "a%2", "a%zz",
                "a%\u0661\u0661", "a:\u0661", "a\u00fc", "<a>", "a|b", "a\"b", "a^b", "a`b", "{a}", "a\tb", "a\0"
            })
    void bad(String text) {
        assertFalse(Authority.isValid(text));
    }

    @ParameterizedTest
    @CsvSource({
        "GET / HTTP/1.1,                a,        'a [a] / '",
        "GET /x?y=z HTTP/1.1,           a:80,     'a:80 [a:80] /x y=z'",
        "GET http://b/ HTTP/1.1,        b,        'b [b] / '",
        "GET http://b:81/x?y HTTP/1.1,  a,        'b:81 [b:81] /x y'",
        "GET HTTP://b?y HTTP/1.1,       a,        'b [b] / y'",
        "GET https://[::1]:1 HTTP/1.1,  a,        '[::1]:1 [[::1]:1] / '",
        "GET http://b HTTP/1.0,         a,        'b [b] / '"
    })
    void anAbsoluteTargetWins(String line, String host, String seen) throws IOException {
        try (RawClient client = RawClient.to(server)) {
            for (int i = 0; i < 2; i++) {
                client.send(line + "\r\nHost: " + host + "\r\nConnection: keep-alive\r\n\r\n");
                assertEquals(seen, client.read().text());
            }
        }
    }

    @Test
    void thereMayBeNone() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            client.send("GET / HTTP/1.1\r\nHost:\r\n\r\n");
            assertEquals(" [] / ", client.read().text());
            client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
            assertEquals(" [] / ", client.read().text());
            client.send("GET http://b/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
            assertEquals("b [b] / ", client.read().text());
        }
    }

    @Test
    void optionsOfAServer() throws IOException {
        try (RawClient client = RawClient.to(server)) {
            for (String target : new String[] {"*", "http://a", "http://a:80"}) {
                client.send("OPTIONS " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
                Answer answer = client.read();
                assertEquals(204, answer.status());
                assertEquals("GET, HEAD, OPTIONS", answer.header("allow"));
            }
            client.send("OPTIONS http://a/none HTTP/1.1\r\nHost: a\r\n\r\n");
            assertEquals(404, client.read().status());
            client.send("OPTIONS http://a?b HTTP/1.1\r\nHost: a\r\n\r\n");
            assertEquals(204, client.read().status());
        }
    }
}
