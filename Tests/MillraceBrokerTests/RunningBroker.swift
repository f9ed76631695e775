import CMillraceExecutorProbe
import Foundation
import Millrace
import MillraceBroker
import MillraceShard

/// A broker over a directory of its own.
final class RunningBroker: Sendable {
    let engine: Engine
    let broker: Broker
    let port: UInt16
    let path: String

    init(
        shards: Int = 2, watched: Bool = false, options: BrokerOptions = BrokerOptions(),
        at path: String? = nil
    ) async throws {
        self.path = path ?? Self.newPath()
        var engineOptions = EngineOptions(shardCount: shards)
        engineOptions.journalFileBytes = 4 << 20
        engineOptions.offsetsPartitionCount = 2
        engine = try await Engine.open(self.path, options: engineOptions)
        if watched {
            for shard in engine.shards {
                await withCheckedContinuation { continuation in
                    shard.spawn {
                        continuation.resume()
                        millrace_probe_watch_thread()
                    }
                }
            }
        }
        broker = Broker(engine: engine, options: options)
        port = try await broker.listen(on: SocketAddress(host: "127.0.0.1", port: 0)).port
    }

    static func newPath() -> String {
        FileManager.default.temporaryDirectory.appendingPathComponent("millrace-test-\(UUID())").path
    }

    func stop() async {
        await broker.stop()
        await engine.close()
    }
}

/// Runs the body beside a broker. Clients block, so they get a thread of their own.
func withBroker(
    shards: Int = 2, watched: Bool = false, options: BrokerOptions = BrokerOptions(),
    _ body: @escaping @Sendable (RunningBroker) throws -> Void
) async throws {
    let running = try await RunningBroker(shards: shards, watched: watched, options: options)
    let result = await onThread { try body(running) }
    await running.stop()
    try? FileManager.default.removeItem(atPath: running.path)
    try result.get()
}

func onThread<Success: Sendable>(
    _ body: @escaping @Sendable () throws -> Success
) async -> Result<Success, any Error> {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: Result { try body() }) }
    }
}
