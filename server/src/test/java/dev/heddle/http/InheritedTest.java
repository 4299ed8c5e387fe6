package dev.heddle.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.heddle.context.Context;
import dev.heddle.context.Task;
import dev.heddle.context.TaskGroup;
import dev.heddle.sched.Inherited;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

/** What goroutines of requests begin with. */
@HttpTest
class InheritedTest {
    private static final Context.Key<String> KEY = Context.Key.of("of the server");

    @Test
    void pipelinedRequestsInheritFromTheServerAndNotFromEachOther() throws Exception {
        ClassLoader ofServer = new URLClassLoader(new URL[0]);
        ClassLoader ofHandler = new URLClassLoader(new URL[0]);
        List<ClassLoader> loaders = Collections.synchronizedList(new ArrayList<>());
        List<String> values = Collections.synchronizedList(new ArrayList<>());
        InheritableThreadLocal<String> local = new InheritableThreadLocal<>();
        List<String> locals = Collections.synchronizedList(new ArrayList<>());
        App app = App.create().with(Servers.config()).get("/", c -> {
            loaders.add(Thread.currentThread().getContextClassLoader());
            values.add(Context.current().value(KEY).orElse("none"));
            locals.add(local.get());
            Thread.currentThread().setContextClassLoader(ofHandler);
            Inherited.set(Context.background().withValue(KEY, "of a request"));
            local.set("of a request");
            c.text("hello");
        });
        ClassLoader mine = Thread.currentThread().getContextClassLoader();
        Thread.currentThread().setContextClassLoader(ofServer);
        local.set("of the thread that starts it");
        try (Server server = Context.current().withValue(KEY, "here").call(app::start);
                RawClient client = RawClient.to(server)) {
            String get = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";
            client.send(get.repeat(20));
            for (int i = 0; i < 20; i++) {
                assertEquals("hello", client.read().text());
            }
            client.get("/").read();
        } finally {
            Thread.currentThread().setContextClassLoader(mine);
            local.remove();
        }
        assertEquals(21, loaders.size());
        for (int i = 0; i < 21; i++) {
            assertSame(ofServer, loaders.get(i), "request " + i);
            assertEquals("here", values.get(i), "request " + i);
            assertNull(locals.get(i), "request " + i);
        }
    }

    /** What a handler starts logs for the same request, and the next request of the connection does not. */
    @Test
    void theMdcIsHandedDownByAHandlerAndNotToTheNextRequest() throws Exception {
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        App app = App.create().with(Servers.config()).get("/{id}", c -> {
            seen.add(c.path("id").get() + " begins with " + MDC.get("request"));
            MDC.put("request", c.path("id").get());
            try (TaskGroup group = TaskGroup.open()) {
                Task<String> task = group.fork(() -> MDC.get("request"));
                group.join();
                c.text("child of " + task.get());
            }
        });
        try (Server server = app.start();
                RawClient client = RawClient.to(server)) {
            client.send("GET /1 HTTP/1.1\r\nHost: test\r\n\r\nGET /2 HTTP/1.1\r\nHost: test\r\n\r\n");
            assertEquals("child of 1", client.read().text());
            assertEquals("child of 2", client.read().text());
        }
        assertEquals(List.of("1 begins with null", "2 begins with null"), seen);
    }
}
