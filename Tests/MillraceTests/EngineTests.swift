import Foundation
import Millrace
import Testing

@Suite struct EngineTests {
    private func withDirectory(_ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "millrace-test-\(UUID())")
        defer { try? FileManager.default.removeItem(at: path) }
        try await body(path.path)
    }

    private var options: EngineOptions {
        var options = EngineOptions(shardCount: 2)
        options.journalFileBytes = 4 << 20
        options.offsetsPartitionCount = 3
        return options
    }

    @Test func appendsAndReads() async throws {
        try await withDirectory { directory in
            let engine = try await Engine.open(directory, options: options)
            try await engine.createTopic("orders", partitions: 4)
            var positions: [RecordPosition] = []
            for number in 0..<200 {
                positions.append(
                    try await engine.append(
                        Record(key: Array("k\(number % 10)".utf8), value: Array("v\(number)".utf8)),
                        to: "orders"))
            }
            #expect(Set(positions).count == 200)
            // The Java client's partitioner sends "k0" of 4 partitions to the same place as ours
            // each time.
            #expect(Set(positions.enumerated().filter { $0.0 % 10 == 3 }.map(\.1.partition)).count == 1)
            var found: [String] = []
            for partition in Int32(0)..<4 {
                for try await batch in engine.batches(of: "orders", partition: partition) {
                    try batch.forEachRecord { found.append(String(decoding: $0.value ?? [], as: UTF8.self)) }
                }
            }
            #expect(Set(found) == Set((0..<200).map { "v\($0)" }))
            await engine.close()
        }
    }

    @Test(arguments: CompressionCodec.allCases)
    func manyRecordsInOneCallKeepTheirPlaces(codec: CompressionCodec) async throws {
        try await withDirectory { directory in
            let engine = try await Engine.open(directory, options: options)
            try await engine.createTopic("t", config: ["max.message.bytes": "10000"])
            let records = (0..<5000).map { Record(value: Array("record \($0)".utf8)) }
            let positions = try await engine.append(records, to: "t", compression: codec)
            #expect(positions == (0..<5000).map { RecordPosition(partition: 0, offset: Offset($0)) })
            var next: Int64 = 1234
            for try await batch in engine.batches(of: "t", partition: 0, from: .offset(Offset(1234))) {
                try batch.forEachRecord { record in
                    #expect(record.offset == Offset(next))
                    #expect(record.value == Array("record \(next)".utf8))
                    next += 1
                }
            }
            #expect(next == 5000)
            await engine.close()
        }
    }

    @Test func followsTheTail() async throws {
        try await withDirectory { directory in
            let engine = try await Engine.open(directory, options: options)
            try await engine.createTopic("t")
            try await engine.append(Record(value: [0]), to: "t")
            async let tail: [[UInt8]?] = {
                var found: [[UInt8]?] = []
                for try await batch in engine.batches(
                    of: "t", partition: 0, from: .end, following: true)
                {
                    found += try batch.records().map(\.value)
                    if found.count == 3 { break }
                }
                return found
            }()
            try await Task.sleep(for: .milliseconds(50))
            for value in UInt8(1)...3 { try await engine.append(Record(value: [value]), to: "t") }
            #expect(try await tail == [[1], [2], [3]])
            await engine.close()
        }
    }

    @Test func groupsRemember() async throws {
        try await withDirectory { directory in
            let partition = TopicPartition(topic: try TopicName("t"), partition: 0)
            var engine = try await Engine.open(directory, options: options)
            try await engine.createTopic("t")
            #expect(try await engine.committedOffsets(of: "g").isEmpty)
            for offset in Int64(1)...5 {
                try await engine.commit([partition: Offset(offset)], for: "g")
            }
            await engine.close()
            engine = try await Engine.open(directory, options: options)
            #expect(try await engine.committedOffsets(of: "g") == [partition: Offset(5)])
            #expect(engine.topicNames().map(\.string) == ["t"])
            #expect(
                engine.topicNames(includingInternal: true).map(\.string)
                    == ["__consumer_offsets", "t"])
            await engine.close()
        }
    }

    @Test func badInputIsRefusedByName() async throws {
        try await withDirectory { directory in
            let engine = try await Engine.open(directory, options: options)
            try await engine.createTopic("t", config: ["max.message.bytes": "1000"])
            func refused(_ kind: EngineError.Kind, _ text: String, _ body: () async throws -> Void) async {
                let error = await #expect(throws: EngineError.self) { try await body() }
                #expect(error?.kind == kind)
                #expect(error?.description.contains(text) == true, "\(String(describing: error))")
            }
            await refused(.topicExists, "'t'") { try await engine.createTopic("t") }
            await refused(.invalidArgument, "'a/b'") { try await engine.createTopic("a/b") }
            await refused(.invalidArgument, "partitions") {
                try await engine.createTopic("u", partitions: 0)
            }
            await refused(.invalidArgument, "retention.ms=x") {
                try await engine.createTopic("u", config: ["retention.ms": "x"])
            }
            await refused(.unknownTopic, "'u'") {
                try await engine.append(Record(value: [1]), to: "u")
            }
            await refused(.unknownTopic, "no partition 7") {
                try await engine.append(Record(value: [1]), to: "t", partition: 7)
            }
            await refused(.recordTooLarge, "max.message.bytes=1000") {
                try await engine.append(
                    Record(value: Array(repeating: 0, count: 2000)), to: "t")
            }
            await refused(.offsetOutOfRange, "offset 9") {
                for try await _ in engine.batches(of: "t", partition: 0, from: .offset(Offset(9))) {}
            }
            await refused(.directoryInUse, directory) {
                _ = try await Engine.open(directory, options: options)
            }
            try await engine.commit([TopicPartition: Offset](), for: "g")
            let own = "__consumer_offsets"
            await refused(.invalidArgument, "the engine's own") {
                try await engine.createTopic(own)
            }
            await refused(.invalidArgument, "the engine's own") {
                try await engine.addPartitions(to: own, upTo: 9)
            }
            await refused(.invalidArgument, "the engine's own") {
                try await engine.deleteTopic(own)
            }
            await refused(.invalidArgument, "the engine's own") {
                try await engine.append(Record(value: [1]), to: own)
            }
            await refused(.invalidArgument, "the engine's own") {
                try await engine.append(batch: [1], to: own, partition: 0)
            }
            await refused(.invalidArgument, "illegal group ''") {
                _ = try await engine.committedOffsets(of: "")
            }
            #expect(try await engine.append(Record(value: [1]), to: "t").offset == .zero)
            await engine.close()
            await refused(.closed, "closed") {
                try await engine.append(Record(value: [1]), to: "t")
            }
        }
    }
}
