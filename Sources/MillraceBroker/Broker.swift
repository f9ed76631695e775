internal import Logging
package import Millrace
internal import MillraceModel
package import MillraceShard
package import SystemPackage

/// Serves an engine to clients: its listeners and the connections they accepted.
///
/// One listener accepts for all shards and hands the connections round, so that each shard has its
/// share whatever ports the clients come from.
package actor Broker {
    private nonisolated let shard: Shard
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        shard.asUnownedSerialExecutor()
    }

    private let engine: Engine
    private let options: BrokerOptions
    private let logger: Logger
    private var listeners: [Listener] = []
    private var connections: [UInt64: any BrokerConnection] = [:]
    private var connectionCount: UInt64 = 0
    private var isStopping = false
    private let quotas = ClientQuotas()
    private let advertised = AdvertisedAddress()
    private let ended: Signal
    private let stopped: Signal
    /// Tasks that accept, and the one that looks for idle connections.
    private var taskCount = 0

    package init(engine: Engine, options: BrokerOptions = BrokerOptions()) {
        self.engine = engine
        self.options = options
        shard = engine.shards[0]
        logger = engine.options.logger
        ended = Signal(on: engine.shards[0])
        stopped = Signal(on: engine.shards[0])
    }

    /// Starts to accept native connections.
    /// - Returns: where; the port is the real one where 0 was asked for.
    /// - Throws: `EADDRINUSE` and what else bind(2) says.
    package func listen(on address: SocketAddress) throws(Errno) -> SocketAddress {
        let services = NativeServices(engine: engine, options: options, advertised: advertised)
        return try listen(on: address) { NativeConnection($0, services: services) }
    }

    /// Starts to accept Kafka's clients.
    /// - Throws: `StorageError` where the cluster's identity cannot be read or made, and `Errno` as `listen(on:)`.
    package func listenForKafka(on address: SocketAddress) async throws -> SocketAddress {
        let clusterID = try await engine.storage.clusterID()
        let (engine, options, quotas) = (engine, options, quotas)
        // The port is known only now, and nobody is served before the services are there.
        let listener = try Listener(on: address, shard: shard)
        let services = KafkaServices(
            engine: engine, options: options, clusterID: "\(clusterID)",
            advertised: options.advertised(for: listener.address), quotas: quotas)
        advertised.set(services.advertised)
        accept(listener) { KafkaConnection($0, services: services) }
        run { await $0.closeIdleConnections() }
        return listener.address
    }

    private func listen(
        on address: SocketAddress, _ serve: @escaping @Sendable (Socket) -> any BrokerConnection
    ) throws(Errno) -> SocketAddress {
        let listener = try Listener(on: address, shard: shard)
        accept(listener, serve)
        return listener.address
    }

    private func accept(
        _ listener: Listener, _ serve: @escaping @Sendable (Socket) -> any BrokerConnection
    ) {
        listeners.append(listener)
        run { await $0.acceptAll(listener, serve) }
    }

    private func run(_ body: @escaping @Sendable (isolated Broker) async -> Void) {
        taskCount += 1
        shard.spawn {
            await body(self)
            await self.taskEnded()
        }
    }

    private func taskEnded() {
        taskCount -= 1
        ended.notifyAll()
    }

    private func acceptAll(
        _ listener: Listener, _ serve: @Sendable (Socket) -> any BrokerConnection
    ) async {
        while !isStopping {
            do throws(Errno) {
                let home = engine.shards[Int(connectionCount % UInt64(engine.shards.count))]
                let socket = try await listener.accept(for: home)
                guard !isStopping else { return }
                guard connections.count < options.connectionsMax else {
                    logger.warning("a client is turned away: max.connections are open", metadata: [
                        "max.connections": "\(options.connectionsMax)"
                    ])
                    continue
                }
                begin(serve(socket), on: home)
            } catch .canceled {
                return
            } catch .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory, .noBufferSpace {
                // What is open goes on; whoever knocks waits until something has closed.
                logger.error("a connection could not be accepted; raise the limit of open files", metadata: [
                    "connections": "\(connections.count)"
                ])
                do { try await shard.sleep(for: .milliseconds(100)) } catch { return }
            } catch {
                // The peer has gone before it was accepted.
                continue
            }
        }
    }

    private func begin(_ connection: any BrokerConnection, on home: Shard) {
        let number = connectionCount
        connectionCount += 1
        connections[number] = connection
        home.spawn {
            await connection.serve()
            await self.connectionEnded(number)
        }
    }

    /// Looks, a few times in the longest idle time allowed, for connections that have been idle as long.
    private func closeIdleConnections() async {
        let interval = max(.milliseconds(100), options.idleTimeMax / 4)
        do throws(Errno) {
            while !isStopping {
                let deadline = shard.now.advanced(by: interval)
                while !isStopping, try await stopped.wait(until: deadline, after: stopped.notices) {}
                for number in connections.keys.sorted() {
                    await connections[number]?.closeIfIdle(for: options.idleTimeMax)
                }
            }
        } catch {
            // The shard stops.
        }
    }

    private func connectionEnded(_ number: UInt64) {
        connections[number] = nil
        ended.notifyAll()
    }

    /// How long clients have to take what is under way when the broker stops.
    private static let grace = Duration.seconds(5)

    /// Accepts no more, tells the clients, acknowledges what is under way, and returns when the last connection has
    /// ended; the engine's groups and transactions take nothing more, so it is closed next. A client that does not
    /// read is cut off after a while.
    package func stop() async {
        isStopping = true
        stopped.notifyAll()
        for listener in listeners { listener.stop() }
        listeners = []
        for number in connections.keys.sorted() {
            if let connection = connections[number] { await connection.stop() }
        }
        // Whoever waits for a rebalance, or for an end that a partition does not take, would wait for longer than that.
        // The ends that are left the next start goes on with.
        await engine.transactions.stop()
        await engine.groups.stop()
        let deadline = shard.now.advanced(by: Self.grace)
        do throws(Errno) {
            while taskCount > 0 || !connections.isEmpty {
                if try await ended.wait(until: deadline, after: ended.notices) { continue }
                for connection in connections.values { connection.socket.shutdown() }
                while taskCount > 0 || !connections.isEmpty { try await ended.wait(after: ended.notices) }
            }
        } catch {
            // The shard has stopped, and with it every connection.
        }
    }
}

/// One client, whatever it speaks.
protocol BrokerConnection: Actor {
    nonisolated var socket: Socket { get }

    /// Serves until the client goes or `stop` is called.
    func serve() async
    /// Begins nothing more, lets what is under way end, and closes.
    func stop()
    /// Closes the connection if nothing has happened on it for so long and nothing is under way.
    func closeIfIdle(for time: Duration)
}
