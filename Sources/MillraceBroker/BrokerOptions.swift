package import MillraceShard

/// How a broker serves; named in `server.properties` as the comments say.
package struct BrokerOptions: Equatable, Sendable {
    /// `node.id`: what clients call this broker.
    package var nodeID: Int32 = 1
    /// `advertised.listeners`: where Kafka clients are told to connect; nil for where the listener is.
    package var advertised: SocketAddress?
    /// What Kafka clients are told instead of an address that stands for all of the machine's, such as 0.0.0.0, to
    /// which nobody can connect from elsewhere.
    package var hostName: String?
    /// `auto.create.topics.enable`: whether asking for a topic's metadata makes it.
    package var createsTopics = true
    /// `socket.request.max.bytes`.
    package var requestBytesMax = 100 << 20
    /// `queued.max.request.bytes`, for each shard: of requests that are being received or answered.
    package var queuedBytesMax = 512 << 20
    /// `max.connections`: whoever comes on top is turned away.
    package var connectionsMax = 10_000
    /// `connections.max.idle.ms`.
    package var idleTimeMax = Duration.seconds(600)

    /// A native client that has been silent for so long is asked whether it lives, and after as long again
    /// disconnected.
    package var silenceMax = Duration.seconds(60)

    package init() {}

    /// Where clients of a listener are told to connect.
    func advertised(for listener: SocketAddress) -> SocketAddress {
        if let advertised { return advertised }
        guard let hostName, ["0.0.0.0", "::"].contains(listener.host) else { return listener }
        return SocketAddress(host: hostName, port: listener.port)
    }
}
