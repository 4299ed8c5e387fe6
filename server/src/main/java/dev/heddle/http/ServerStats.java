package dev.heddle.http;

/**
 * What a server has done and is doing, read without stopping it: each figure is right by itself, sums may be off by what
 * happened while they were read. All but the first three count from the start of the server and never fall.
 *
 * @param connectionsOpen connections that are open
 * @param requestsActive requests that are being served
 * @param bytesHeld what the connections hold, in bytes: requests and answers on their way, and a fixed sum for each
 * @param connectionsAccepted connections ever accepted
 * @param requests requests whose turn has come, refused ones included
 * @param malformed requests refused because they were malformed or too large
 * @param headerTimeouts requests whose head did not come in time
 * @param bodyTimeouts requests whose body did not come in time
 * @param idleTimeouts connections closed because they were idle for too long
 * @param writeTimeouts connections cut off because the client did not take its answer
 * @param clientsGone requests whose client left before it had its answer
 * @param responsesAborted answers broken off because their handler failed after the head was sent
 * @param connectionsFailed connections that failed for another reason
 * @param connectionsRefused connections closed at once because their address had as many as allowed
 * @param connectionsDisplaced idle connections closed because others waited for a place
 * @param connectionsCut connections cut off because all together held more than {@link ServerConfig.Limits#maxHeldBytes}
 * @param acceptPauses times that accepting stopped because as many connections were open as allowed
 * @param acceptErrors times that the system gave an error instead of a connection, such as too many open files
 */
public record ServerStats(
        long connectionsOpen,
        long requestsActive,
        long bytesHeld,
        long connectionsAccepted,
        long requests,
        long malformed,
        long headerTimeouts,
        long bodyTimeouts,
        long idleTimeouts,
        long writeTimeouts,
        long clientsGone,
        long responsesAborted,
        long connectionsFailed,
        long connectionsRefused,
        long connectionsDisplaced,
        long connectionsCut,
        long acceptPauses,
        long acceptErrors) {}
