internal import Logging
public import Millrace
internal import MillraceShard
internal import SystemPackage

/// Serves the engine that a process has open to clients elsewhere, as `millrace serve` does: to
/// `MillraceClient` and the command line over the native protocol, and to Kafka's clients over
/// theirs. All of them, and the process itself through the engine, see the same topics and groups.
///
///     let engine = try await Engine.open("data")
///     let server = try await EngineServer.start(engine, native: "127.0.0.1:7070", kafka: nil)
///     ...
///     await server.stop()
///     await engine.close()
///
/// There is no encryption and no authentication: whoever reaches an address may do everything.
/// Every method may be called from any task.
public struct EngineServer: Sendable {
    /// Where native clients connect, with the real port where 0 was asked for; nil where they
    /// cannot.
    public let nativeAddress: String?
    /// Where Kafka's clients connect, with the real port where 0 was asked for; nil where they
    /// cannot.
    public let kafkaAddress: String?

    private let broker: Broker

    /// Starts to accept connections.
    /// - Parameters:
    ///   - engine: an open engine, which has one server at a time. It stays the caller's, who
    ///     closes it after `stop`.
    ///   - native: `HOST:PORT`, with a host that is an address of this machine, and port 0 for any
    ///     that is free; nil for no native clients.
    ///   - kafka: the same for Kafka's clients.
    /// - Returns: the server, when its addresses accept.
    /// - Throws: `invalidArgument` for an address that is none, `io` for one that cannot be listened
    ///   on.
    public static func start(
        _ engine: Engine, native: String? = "127.0.0.1:7070", kafka: String? = "127.0.0.1:9092"
    ) async throws(EngineError) -> EngineServer {
        let native = try native.map { text throws(EngineError) in try address(text) }
        let kafka = try kafka.map { text throws(EngineError) in try address(text) }
        let broker = Broker(engine: engine)
        do throws(EngineError) {
            return EngineServer(
                nativeAddress: try await listen(native) { try await broker.listen(on: $0) },
                kafkaAddress: try await listen(kafka) { try await broker.listenForKafka(on: $0) },
                broker: broker)
        } catch {
            await broker.stop()
            throw error
        }
    }

    /// Accepts no more, acknowledges what is under way, and returns when the last connection has
    /// ended; clients that do not read are cut off after five seconds. The engine takes no more
    /// commits of groups then: close it next. Appends and reads of the process itself go on until
    /// that.
    public func stop() async { await broker.stop() }

    private static func address(_ text: String) throws(EngineError) -> SocketAddress {
        guard let address = SocketAddress(text) else {
            throw EngineError(
                .invalidArgument, "address '\(text)': use HOST:PORT, such as 127.0.0.1:7070")
        }
        return address
    }

    private static func listen(
        _ address: SocketAddress?, _ body: (SocketAddress) async throws -> SocketAddress
    ) async throws(EngineError) -> String? {
        guard let address else { return nil }
        do {
            return try await body(address).description
        } catch Errno.addressInUse {
            throw EngineError(
                .io, "\(address) is in use by another program; choose another, or port 0")
        } catch Errno.addressNotAvailable {
            throw EngineError(.io, "\(address) is no address of this machine; choose another")
        } catch {
            throw EngineError(.io, "\(address): \(error)")
        }
    }
}
