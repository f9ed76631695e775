import Foundation
import MillraceBytes
import MillraceModel
import MillraceRecords
import MillraceStorage
import Testing

/// What a topic's settings make of the batches that come.
@Suite struct FittingTests {
    private func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    @Test func theLogsClockTimesRecordsWhereTheTopicAsksForIt() async throws {
        let harness = try StorageHarness()
        let before = now()
        try await harness.run { storage in
            try await storage.make("t", ["message.timestamp.type": "LogAppendTime"])
            // Whatever the producer says, the far future included.
            let result = try await storage.append(["a", "b"], to: "t", at: 99_000_000_000_000)
            #expect(result.logAppendTime.milliseconds >= before)
            var producer = TestProducer()
            let first = try await producer.send(["c"], to: storage)
            let again = try await producer.send(["c"], at: 0, to: storage).result()
            #expect(again.isDuplicate && again.logAppendTime == first.logAppendTime)
            let times = try await storage.records("t").map(\.timestamp)
            #expect(times == [result.logAppendTime, result.logAppendTime, first.logAppendTime])
        }
        try await harness.run(crash: true) { storage in
            #expect(try await storage.records("t").count == 3)
            _ = try await storage.alterConfig(try TopicName("t")) { config throws(TopicConfigError) in
                config.remove(.timestampType)
            }
            let result = try await storage.append(["d"], to: "t", at: 1234)
            #expect(result.logAppendTime == .none)
            #expect(try await storage.records("t").last?.timestamp == Timestamp(milliseconds: 1234))
        }
        #expect(try await harness.verify().problems.isEmpty)
    }

    @Test func aProducerCannotPassItsTimesOffAsTheLogs() async throws {
        try await StorageHarness().run { storage in
            try await storage.make()
            var bytes = try RecordBatchBuilder.build(
                [Record(value: [1]), Record(value: [2])], now: Timestamp(milliseconds: 77))
            bytes.withUnsafeMutableBytes {
                var header = try? RecordBatchHeader(parsing: UnsafeRawBufferPointer($0))
                if header != nil { RecordBatch.stamp(Timestamp(milliseconds: 99), &header!, in: $0) }
            }
            let slice = bytes.withUnsafeBytes { ByteSlice(copying: $0) }
            let log = try storage.log()
            let result = try await log.storage.append(slice, to: log).result()
            #expect(result.logAppendTime == .none)
            let times = try await storage.records("t").map(\.timestamp?.milliseconds)
            #expect(times == [77, 77])
        }
    }

    @Test func timesFarFromTheClockAreRefused() async throws {
        let now = now()
        try await StorageHarness().run { storage in
            try await storage.make("t", ["message.timestamp.before.max.ms": "60000"])
            for (time, limit) in [
                (now + 7_200_000, TopicConfig.Key.timestampAfterMaxMilliseconds),
                (now - 120_000, .timestampBeforeMaxMilliseconds),
            ] {
                let records = [
                    Record(value: [1], timestamp: Timestamp(milliseconds: now)),
                    Record(value: [2], timestamp: Timestamp(milliseconds: time)),
                ]
                let error = await storageError {
                    try await storage.append(records: records, to: "t", codec: .lz4)
                }
                guard case .invalidTimestamp(_, Timestamp(milliseconds: time), _, limit) = error
                else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
            try await storage.append(["near"], to: "t", at: now)
            try await storage.append(["without"], to: "t", at: -1)
            #expect(try await storage.read("t").map(\.0) == [0, 1])
        }
    }

    @Test(
        arguments: ["uncompressed", "gzip", "snappy", "lz4", "zstd"],
        [CompressionCodec.none, .gzip, .zstd])
    func everyBatchGetsTheTopicsCodec(_ type: String, _ sent: CompressionCodec) async throws {
        let harness = try StorageHarness()
        let values = (0..<10).map { "\($0) " + String(repeating: "w", count: 300) }
        try await harness.run { storage in
            try await storage.make("t", ["compression.type": type])
            try await storage.append(values, to: "t", codec: sent)
            var producer = TestProducer()
            _ = try await producer.send(["x", "y"], to: storage)
        }
        try await harness.run { storage in
            #expect(try await storage.read("t").map(\.1) == values + ["x", "y"])
            let again = try await TestProducer().send(["x", "y"], at: 0, to: storage).result()
            #expect(again.isDuplicate && again.baseOffset == Offset(10))
        }
        // The two have years between them, and thus a segment each.
        let lines = try await harness.dump("t-0")
        let name = type == "uncompressed" ? "none" : type
        #expect(lines.filter { $0.contains("compresscodec: \(name) ") }.count == 2)
        #expect(try await harness.verify().problems.isEmpty)
    }

    @Test func aBatchThatIsTooLargeInTheTopicsCodecIsRefused() async throws {
        try await StorageHarness().run { storage in
            try await storage.make(
                "t", ["compression.type": "uncompressed", "max.message.bytes": "1000"])
            let value = String(repeating: "z", count: 5000)
            let error = await storageError {
                try await storage.append([value], to: "t", codec: .gzip)
            }
            guard case .batchTooLarge(_, _, limit: 1000) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(try await storage.append(["small"], to: "t").baseOffset == .zero)
        }
    }

    /// The message sets of Produce versions 0 to 2 have the format's number in the same place.
    @Test(arguments: [0, 1] as [UInt8])
    func oldMessageFormatsAreRefusedByName(_ magic: UInt8) async throws {
        try await StorageHarness().run { storage in
            try await storage.make()
            // offset i64, size i32, crc u32, magic, attributes, key length, value length, value
            let set: [UInt8] =
                [UInt8](repeating: 0, count: 11) + [15, 1, 2, 3, 4, magic, 0]
                + [255, 255, 255, 255, 0, 0, 0, 1, 65]
            let slice = set.withUnsafeBytes { ByteSlice(copying: $0) }
            let log = try storage.log()
            let error = await storageError { _ = try await log.storage.append(slice, to: log) }
            guard case .invalidBatch(_, .unsupportedMagic(Int8(magic))) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }
}
