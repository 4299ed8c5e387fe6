package dev.heddle.http;

import dev.heddle.netpoll.Netpoll;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;

/** The listening socket of a server, and the pipeline of each connection that it accepts. */
final class Acceptor {
    /** Pending connections that the kernel keeps; the value that Linux caps at by default ({@code somaxconn}). */
    private static final int BACKLOG = 4096;

    /** 1 s: a loop that is well closes a socket within a pass, so within milliseconds. A guess. */
    private static final long CLOSE_WAIT_MILLIS = 1_000;

    private final Channel channel;

    private Acceptor(Channel channel) {
        this.channel = channel;
    }

    /**
     * Binds and begins to accept.
     *
     * @throws IOException if the address cannot be bound
     */
    static Acceptor bind(Shared shared, Netpoll netpoll) throws IOException, InterruptedException {
        ServerConfig config = shared.config;
        InetSocketAddress address = addressOf(config);
        ChannelFuture bound = new ServerBootstrap()
                .group(netpoll.group())
                .channelFactory(netpoll.serverChannels())
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .handler(new Admission(shared))
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel connection) {
                        initialize(connection, shared);
                    }
                })
                .bind(address)
                .await();
        if (!bound.isSuccess()) {
            throw notBound(config, bound.cause());
        }
        return new Acceptor(bound.channel());
    }

    private static InetSocketAddress addressOf(ServerConfig config) throws IOException {
        InetSocketAddress address = new InetSocketAddress(config.host(), config.port());
        if (address.isUnresolved()) {
            throw new IOException("host: got '" + config.host() + "', need a name that resolves, or an address");
        }
        return address;
    }

    private static IOException notBound(ServerConfig config, Throwable cause) {
        return new IOException("bind " + config.host() + ":" + config.port() + ": " + cause.getMessage(), cause);
    }

    /**
     * Checks that the address could be bound at this moment, by a socket that does not listen: before anything is started that
     * would have to be ended again.
     *
     * @throws IOException if it could not
     */
    static void checkFree(ServerConfig config) throws IOException {
        InetSocketAddress address = addressOf(config);
        StandardProtocolFamily family =
                address.getAddress() instanceof Inet6Address ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET;
        try (SocketChannel probe = SocketChannel.open(family)) {
            probe.setOption(StandardSocketOptions.SO_REUSEADDR, true).bind(address);
        } catch (IOException e) {
            throw notBound(config, e);
        }
    }

    private static void initialize(Channel channel, Shared shared) {
        try {
            Http1Decoder decoder = new Http1Decoder(shared.config.limits());
            Http1Connection connection = new Http1Connection(shared, channel, decoder);
            channel.closeFuture().addListener(new Closing(connection, channel.eventLoop()));
            channel.pipeline().addLast(decoder).addLast(new Http1Encoder()).addLast(connection);
        } catch (Throwable t) { // no memory: Netty would close it as well, but that takes some
            channel.unsafe().close(channel.unsafe().voidPromise());
            throw t;
        }
    }

    InetSocketAddress address() {
        return (InetSocketAddress) channel.localAddress();
    }

    /** Accepts nothing more. Does not wait; {@code closed} is run when the socket is closed, on its loop. */
    void close(Runnable closed) {
        channel.close().addListener(_ -> closed.run());
    }

    boolean isClosed() {
        return channel.closeFuture().isDone();
    }
}
