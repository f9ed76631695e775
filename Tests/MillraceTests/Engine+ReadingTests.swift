import CMillraceAllocationProbe
import Foundation
import Millrace
import Testing

@Suite struct EngineReadingTests {
    private func withEngine(_ body: (Engine) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "millrace-test-\(UUID())")
        defer { try? FileManager.default.removeItem(at: path) }
        var options = EngineOptions(shardCount: 1)
        options.journalFileBytes = 4 << 20
        let engine = try await Engine.open(path.path, options: options)
        try await body(engine)
        await engine.close()
    }

    /// One batch of so many records, with keys, values and headers.
    private func batch(of count: Int, in engine: Engine, topic: String) async throws -> ReadBatch {
        try await engine.createTopic(topic)
        try await engine.append(
            (0..<count).map { number in
                Record(
                    key: Array("key \(number)".utf8), value: Array("value \(number)".utf8),
                    headers: [RecordHeader(key: "number", value: [1, 2, 3])])
            }, to: topic)
        for try await batch in engine.batches(of: topic, partition: 0) { return batch }
        throw CocoaError(.fileReadNoSuchFile)
    }

    /// Everything of every record is looked at: its offset, time, key, value and headers.
    private func allocations(in batch: ReadBatch) throws -> (records: Int, allocations: UInt64) {
        var count = 0
        var sum = 0
        millrace_allocations_watch()
        do {
            try batch.forEachRecord { record in
                count += 1
                sum &+= Int(record.offset.value) &+ Int(record.timestamp.milliseconds)
                if let key = record.keySpan { sum &+= key.byteCount }
                if let value = record.valueSpan {
                    sum &+= Int(value.unsafeLoad(fromByteOffset: 0, as: UInt8.self))
                }
                try record.forEachHeader { name, value in sum &+= name.count &+ (value?.count ?? 0) }
            }
        } catch {
            _ = millrace_allocations_unwatch()
            throw error
        }
        let allocations = millrace_allocations_unwatch()
        #expect(sum > 0)
        return (count, allocations)
    }

    /// Ten records or ten thousand: what is allocated is the same.
    @Test func noRecordAllocates() async throws {
        try await withEngine { engine in
            let small = try await batch(of: 10, in: engine, topic: "small")
            let large = try await batch(of: 10_000, in: engine, topic: "large")
            // What Swift does but once, such as the metadata of types, is done here.
            _ = try allocations(in: small)
            let few = try allocations(in: small)
            let many = try allocations(in: large)
            #expect(few.records == 10 && many.records == 10_000)
            #expect(many.allocations == few.allocations)
            #expect(many.allocations < 10)
        }
    }

    /// The probe itself: it would see an allocation for each record.
    @Test func copiesAreSeenToAllocate() async throws {
        try await withEngine { engine in
            let batch = try await batch(of: 1000, in: engine, topic: "t")
            var copies: [[UInt8]] = []
            copies.reserveCapacity(1000)
            millrace_allocations_watch()
            try? batch.forEachRecord { copies.append($0.value ?? []) }
            #expect(millrace_allocations_unwatch() >= 1000)
            #expect(copies.count == 1000)
        }
    }

    @Test func spansAreTheRecordsBytes() async throws {
        try await withEngine { engine in
            try await engine.createTopic("t")
            try await engine.append(Record(value: nil), to: "t")
            try await engine.append(Record(key: [1, 2], value: [3]), to: "t")
            var found: [String] = []
            func text(_ span: borrowing RawSpan?) -> String {
                guard let span = copy span else { return "none" }
                return span.withUnsafeBytes { "\($0.map { $0 })" }
            }
            for try await batch in engine.batches(of: "t", partition: 0) {
                try batch.forEachRecord { found.append(text($0.keySpan) + text($0.valueSpan)) }
            }
            #expect(found == ["nonenone", "[1, 2][3]"])
        }
    }

    @Test func aFollowerEndsWithItsTask() async throws {
        try await withEngine { engine in
            try await engine.createTopic("t")
            try await engine.append(Record(value: [1]), to: "t")
            let (reads, continuation) = AsyncStream.makeStream(of: Int.self)
            let follower = Task {
                var count = 0
                for try await batch in engine.batches(of: "t", partition: 0, following: true) {
                    count += Int(batch.header.recordCount)
                    continuation.yield(count)
                }
                return count
            }
            for await count in reads where count == 1 { break }
            try await engine.append(Record(value: [2]), to: "t")
            for await count in reads where count == 2 { break }
            follower.cancel()
            #expect(try await follower.value == 2)
        }
    }
}
