package dev.heddle.load.peers;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * A plain Netty HTTP/1.1 server: the yardstick for Heddle's {@code bench} example. It answers the same {@code
 * /plaintext}, {@code /json}, {@code /sleep?ms=} and {@code /cpu?ms=} with the same headers, either on the event loop
 * or in one JDK virtual thread per request. Run it with {@code --help} for the arguments.
 */
public final class NettyPeer implements AutoCloseable {
    /** Pending connections that the kernel keeps; the value that Linux caps at by default ({@code somaxconn}). */
    private static final int BACKLOG = 4096;

    private static final int EXIT_USAGE = 2;

    private final EventLoopGroup group;
    private final Channel server;

    private NettyPeer(EventLoopGroup group, Channel server) {
        this.group = group;
        this.server = server;
    }

    /** Serves until the process is ended. Prints one line with the address when it is ready. */
    public static void main(String[] args) throws Exception {
        PeerOptions options;
        try {
            options = PeerOptions.parse(args);
        } catch (IllegalArgumentException e) {
            System.err.println("netty-peer: " + e.getMessage());
            System.err.println("Try --help.");
            System.exit(EXIT_USAGE);
            return;
        }
        if (options.help()) {
            System.out.print(PeerOptions.HELP);
            return;
        }
        NettyPeer peer = start(options);
        System.out.printf(
                "netty-peer: mode %s, http:/%s, threads %d, %s%n",
                options.mode().name().toLowerCase(Locale.ROOT),
                peer.server.localAddress(),
                options.threads(),
                Epoll.isAvailable() ? "epoll" : "nio (epoll: " + Epoll.unavailabilityCause() + ")");
        peer.server.closeFuture().sync();
    }

    /**
     * Binds a server on the loopback address.
     *
     * @throws InterruptedException if the caller is interrupted while it waits for the bind
     */
    static NettyPeer start(PeerOptions options) throws InterruptedException {
        boolean epoll = Epoll.isAvailable();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(
                options.threads(), epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        Class<? extends ServerChannel> type = epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
        Answers answers = new Answers();
        group.next().scheduleAtFixedRate(answers::refreshDate, 1, 1, TimeUnit.SECONDS);
        try {
            Channel server = new ServerBootstrap()
                    .group(group)
                    .channel(type)
                    .option(ChannelOption.SO_BACKLOG, BACKLOG)
                    .childOption(ChannelOption.TCP_NODELAY, true)
                    .childHandler(pipeline(options.mode(), answers))
                    .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), options.port()))
                    .sync()
                    .channel();
            return new NettyPeer(group, server);
        } catch (Throwable t) {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            throw t;
        }
    }

    int port() {
        return ((InetSocketAddress) server.localAddress()).getPort();
    }

    /** Closes all connections, ends the threads and waits for that. */
    @Override
    public void close() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private static ChannelInitializer<Channel> pipeline(PeerOptions.Mode mode, Answers answers) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline()
                        .addLast(new HttpServerCodec())
                        .addLast(new RequestHandler(mode, answers));
            }
        };
    }
}
