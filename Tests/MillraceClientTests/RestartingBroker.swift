import Foundation
import Millrace
import MillraceBroker
import MillraceShard
import Synchronization

/// A broker of this process, which is stopped and started again on the same port and the same data.
final class RestartingBroker: Sendable {
    private struct Running {
        let engine: Engine
        let broker: Broker
    }

    let path = FileManager.default.temporaryDirectory
        .appendingPathComponent("millrace-test-\(UUID())").path
    private let running = Mutex<Running?>(nil)
    private let chosenPort = Mutex<UInt16>(0)

    var port: Int { Int(chosenPort.withLock { $0 }) }

    func start() async throws {
        var options = EngineOptions(shardCount: 2)
        options.journalFileBytes = 4 << 20
        options.offsetsPartitionCount = 2
        let engine = try await Engine.open(path, options: options)
        let broker = Broker(engine: engine)
        let address = try await broker.listen(
            on: SocketAddress(host: "127.0.0.1", port: chosenPort.withLock { $0 }))
        chosenPort.withLock { $0 = address.port }
        running.withLock { $0 = Running(engine: engine, broker: broker) }
    }

    func stop() async {
        let taken = running.withLock { running in
            defer { running = nil }
            return running
        }
        await taken?.broker.stop()
        await taken?.engine.close()
    }
}
