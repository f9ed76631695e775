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
    private let logger: Logger
    private var listener: Listener?
    private var connections: [UInt64: NativeConnection] = [:]
    private var connectionCount: UInt64 = 0
    private var isStopping = false
    private let ended: Signal
    private var isAccepting = false

    package init(engine: Engine) {
        self.engine = engine
        shard = engine.shards[0]
        logger = engine.options.logger
        ended = Signal(on: engine.shards[0])
    }

    /// Starts to accept native connections.
    /// - Returns: where; the port is the real one where 0 was asked for.
    /// - Throws: `EADDRINUSE` and what else bind(2) says.
    package func listen(on address: SocketAddress) throws(Errno) -> SocketAddress {
        let listener = try Listener(on: address, shard: shard)
        self.listener = listener
        isAccepting = true
        shard.spawn { await self.accept(listener) }
        return listener.address
    }

    private func accept(_ listener: Listener) async {
        defer {
            isAccepting = false
            ended.notifyAll()
        }
        while !isStopping {
            do throws(Errno) {
                let home = engine.shards[Int(connectionCount % UInt64(engine.shards.count))]
                let socket = try await listener.accept(for: home)
                serve(socket, on: home)
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

    private func serve(_ socket: Socket, on home: Shard) {
        let number = connectionCount
        connectionCount += 1
        let connection = NativeConnection(socket, engine: engine)
        connections[number] = connection
        home.spawn {
            await connection.serve()
            await self.connectionEnded(number)
        }
    }

    private func connectionEnded(_ number: UInt64) {
        connections[number] = nil
        ended.notifyAll()
    }

    /// How long clients have to take what is under way when the broker stops.
    private static let grace = Duration.seconds(5)

    /// Accepts no more, tells the clients, acknowledges what is under way, and returns when the
    /// last connection has ended. A client that does not read is cut off after a while.
    package func stop() async {
        isStopping = true
        listener?.stop()
        listener = nil
        for number in connections.keys.sorted() {
            if let connection = connections[number] { await connection.stop() }
        }
        let deadline = shard.now.advanced(by: Self.grace)
        do throws(Errno) {
            while isAccepting || !connections.isEmpty {
                if try await ended.wait(until: deadline) { continue }
                for connection in connections.values { connection.socket.shutdown() }
                while isAccepting || !connections.isEmpty { try await ended.wait() }
            }
        } catch {
            // The shard has stopped, and with it every connection.
        }
    }
}
