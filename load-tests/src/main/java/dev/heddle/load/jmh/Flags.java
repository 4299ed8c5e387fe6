package dev.heddle.load.jmh;

/** Flags of the JVMs that the benchmarks run in: what {@code dev.heddle.sched.jdk} asks for. */
final class Flags {
    static final String OPEN_LANG = "--add-opens=java.base/java.lang=ALL-UNNAMED";
    static final String EXPORT_MISC = "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED";
    static final String EXPORT_ACCESS = "--add-exports=java.base/jdk.internal.access=ALL-UNNAMED";
    static final String EXPORT_VM = "--add-exports=java.base/jdk.internal.vm=ALL-UNNAMED";
    static final String HEAP = "-Xmx1g";
    static final String COLLECTOR = "-XX:+UseParallelGC";

    private Flags() {}
}
