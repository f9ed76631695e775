import Foundation
import MillraceNativeProtocol
import Testing

@Suite(.serialized) struct HealthWatchTests {
    /// A client that is used by one thread after the other.
    private final class Client: @unchecked Sendable {
        var raw: RawClient

        init(port: UInt16) throws { raw = try RawClient(port: port) }
    }

    @Test func aStopIsToldToWhoeverWatchesAndEndsTheCalls() async throws {
        let running = try await RunningBroker()
        let client = try await onThread { () throws -> Client in
            var first = try BlockingClient(port: running.port)
            try BrokerTests.create("t", 1, on: &first)
            let health = try first.ask(.health, WireHealthRequest(), WireHealthResponse.self)
            #expect(health.status == .serving)
            let client = try Client(port: running.port)
            client.raw.send { writer in
                writer.writeCall(.watchHealth, stream: StreamID(1), request: WireHealthRequest())
                var subscribe = WireSubscribeRequest()
                subscribe.topic = "t"
                subscribe.follow = true
                writer.writeCall(.subscribe, stream: StreamID(3), request: subscribe)
                var open = WireProduceOpen()
                open.topic = "t"
                writer.writeCall(.produce, stream: StreamID(5), request: open)
            }
            let serving = try client.raw.next(.message)
            #expect(try serving?.decode(WireHealthResponse.self).status == .serving)
            let subscribed = try client.raw.next(.message)
            #expect(subscribed?.header.stream == StreamID(3))
            // The stop comes before the acknowledgement, which is sent all the same.
            client.raw.send { writer in
                let batch = (try? BrokerTests.batch(["x"])) ?? []
                writer.writeMessage(stream: StreamID(5), body: WireProduceBatch(), attachmentCount: batch.count)
                writer.writeBytes(batch)
                writer.writePing(1)
            }
            _ = try client.raw.next(.ping)
            return client
        }.get()
        async let stopped: Void = running.stop()
        try await onThread {
            var ends: [StreamID: Status] = [:]
            var hasGoAway = false
            var acknowledged = 0
            var health: [WireHealthResponse.ServingStatus] = []
            while let frame = try client.raw.next() {
                switch frame.header.kind {
                case .end: ends[frame.header.stream] = try frame.status()
                case .goAway: hasGoAway = try frame.status().code == .unavailable
                case .message where frame.header.stream == StreamID(1):
                    health.append(try frame.decode(WireHealthResponse.self).status)
                case .message where frame.header.stream == StreamID(5): acknowledged += 1
                default: continue
                }
            }
            #expect(hasGoAway)
            #expect(health == [.notServing])
            #expect(acknowledged == 1)
            #expect(ends.keys.sorted() == [StreamID(1), StreamID(3), StreamID(5)])
            #expect(ends.values.allSatisfy { $0.code == .unavailable })
        }.get()
        await stopped
        try? FileManager.default.removeItem(atPath: running.path)
    }
}
