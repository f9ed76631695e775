import Foundation
import MillraceNativeProtocol
import Testing

/// Many subscribers of one partition.
@Suite(.serialized) struct SubscriptionTests {
    private static func subscribe(_ credit: UInt64) -> WireSubscribeRequest {
        var request = WireSubscribeRequest()
        request.topic = "t"
        request.follow = true
        request.creditBytes = credit
        return request
    }

    /// Opens so many subscriptions and waits until they stand.
    private static func open(_ count: UInt32, credit: UInt64, on client: inout RawClient) throws {
        client.send { writer in
            for number in 0..<count {
                writer.writeCall(.subscribe, stream: StreamID(1 + 2 * number), request: subscribe(credit))
            }
        }
        for _ in 0..<count { _ = try client.next(.message) }
    }

    @Test(arguments: [1, 2]) func aThousandTailersGetWhatOneAppendBrings(shards: Int) async throws {
        try await withBroker(shards: shards) { running in
            var producer = try BlockingClient(port: running.port)
            try BrokerTests.create("t", 1, on: &producer)
            var first = try RawClient(port: running.port)
            var second = try RawClient(port: running.port)
            try Self.open(500, credit: 1 << 20, on: &first)
            try Self.open(500, credit: 1 << 20, on: &second)
            for _ in 0..<3 {
                try BrokerTests.produce(1, to: "t", partitions: 1, on: &producer)
                var served: Set<StreamID> = []
                while served.count < 500, let frame = try first.next(.message) {
                    #expect(frame.attachment.count > 0)
                    served.insert(frame.header.stream)
                }
                var others: Set<StreamID> = []
                while others.count < 500, let frame = try second.next(.message) {
                    others.insert(frame.header.stream)
                }
            }
        }
    }

    @Test func whoeverDoesNotReadHoldsUpNobody() async throws {
        try await withBroker { running in
            var producer = try BlockingClient(port: running.port)
            try BrokerTests.create("t", 1, on: &producer)
            // These take anything, and read nothing.
            var idle: [IdleClient] = []
            for _ in 0..<8 {
                let client = try IdleClient(port: running.port)
                try Self.open(50, credit: 1 << 40, on: &client.raw)
                idle.append(client)
            }
            var reader = try RawClient(port: running.port)
            try Self.open(1, credit: 1 << 40, on: &reader)
            let before = Self.residentBytes()
            var open = WireProduceOpen()
            open.topic = "t"
            let stream = try producer.call(.produce, open)
            let batch = try BrokerTests.batch([String(repeating: "x", count: 500_000)])
            for _ in 0..<60 { producer.send(WireProduceBatch(), attachment: batch, on: stream) }
            producer.halfClose(stream)
            while true {
                if case .ended(stream, let status) = try producer.next() {
                    #expect(status.isOK)
                    break
                }
            }
            var received = 0
            while received < 60 * batch.count, let frame = try reader.next(.message) {
                received += frame.attachment.count
            }
            #expect(received == 60 * batch.count)
            // 400 subscriptions with 30 MB each to get: what waits for them lies in the files.
            #expect(Self.residentBytes() - before < 200 << 20)
            withExtendedLifetime(idle) {}
        }
    }

    private final class IdleClient {
        var raw: RawClient

        init(port: UInt16) throws { raw = try RawClient(port: port) }
    }

    private static func residentBytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * 4096
    }
}
