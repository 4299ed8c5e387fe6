package dev.heddle.netpoll;

import dev.heddle.netpoll.NetpollConfig.Kind;

/**
 * Initialises the classes of Netty that the first connection needs, and those that only a later one does. A class that has no
 * memory for its initialiser can never be used again: the pool of buffers would throw for ever where it frees a chunk. A test of
 * the server sees to it that none is missing.
 */
final class Preload {
    private static final String[] CLASSES = {
        "buffer.AbstractByteBuf",
        "buffer.AdaptivePoolingAllocator$AdaptiveByteBuf",
        "buffer.AdaptivePoolingAllocator$SizeClassedChunk",
        "buffer.AllocateBufferEvent",
        "buffer.AllocateChunkEvent",
        "buffer.FreeBufferEvent",
        "buffer.FreeChunkEvent",
        "buffer.ReallocateBufferEvent",
        "buffer.ReadOnlyAbstractByteBuf",
        "buffer.Unpooled",
        "buffer.UnpooledByteBufAllocator",
        "buffer.UnsafeByteBufUtil",
        "channel.AdaptiveRecvByteBufAllocator",
        "channel.ChannelOutboundBuffer$Entry",
        "channel.socket.ChannelInputShutdownEvent",
        "channel.socket.ChannelOutputShutdownEvent",
        "util.AsciiStringUtil",
        "util.ByteProcessor",
        "util.LeakPresenceDetector",
        "util.Recycler$DefaultHandle",
        "util.Recycler$GuardedLocalPool",
        "util.ReferenceCountUtil",
        "util.ResourceLeakDetectorFactory",
        "util.Signal",
        "util.concurrent.MpscIntQueue$MpscAtomicIntegerArrayQueue",
        "util.internal.AdaptiveCalculator",
        "util.internal.TypeParameterMatcher",
    };

    /** To be initialised when Netty's native library has been loaded, and else not. */
    private static final String[] EPOLL_CLASSES = {
        "channel.epoll.AbstractEpollStreamChannel", "channel.unix.Errors", "channel.unix.IovArray",
    };

    private Preload() {}

    static void load(Kind kind) {
        initialize(CLASSES);
        if (kind == Kind.EPOLL) {
            initialize(EPOLL_CLASSES);
        }
    }

    private static void initialize(String[] names) {
        for (String name : names) {
            try {
                Class.forName("io.netty." + name, true, Preload.class.getClassLoader());
            } catch (ClassNotFoundException | LinkageError e) {
                Netpoll.LOG.debug("{} cannot be loaded ahead", name, e); // of another version of Netty
            }
        }
    }
}
