import Foundation
import Millrace
import MillraceBroker
import MillraceKafkaProtocol
import MillraceRecords
import MillraceShard
import Testing

/// One topic through the embedded engine, the native protocol and Kafka's: what each writes, all read.
struct ThreeDoorsTests {
    @Test func whatOneDoorWritesTheOthersRead() async throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-test-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        var options = EngineOptions(shardCount: 2)
        options.journalFileBytes = 4 << 20
        let engine = try await Engine.open(path, options: options)
        try await engine.createTopic("t", partitions: 1)
        let broker = Broker(engine: engine)
        let anywhere = SocketAddress(host: "127.0.0.1", port: 0)
        let native = try await broker.listen(on: anywhere).port
        let kafka = try await broker.listenForKafka(on: anywhere).port

        // The embedded door.
        let records = ["embedded 0", "embedded 1"].map { Record(value: Array($0.utf8)) }
        try await engine.append(records, to: "t", partition: 0, compression: .zstd)
        // The two others, by clients that block and so have a thread of their own.
        let result = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(returning: Result { try Self.writeAndRead(native: native, kafka: kafka) })
            }
        }
        let wanted = ["embedded 0", "embedded 1", "value 0", "value 1", "kafka 0", "kafka 1"]
        let read = try result.get()
        #expect(read.native == wanted)
        #expect(read.kafka == wanted)
        var embedded: [String] = []
        for try await batch in engine.batches(of: "t", partition: 0) {
            try batch.forEachRecord { embedded.append(String(decoding: $0.value ?? [], as: UTF8.self)) }
        }
        #expect(embedded == wanted)
        // An offset committed by one door is where the others go on.
        #expect(try await engine.committedOffsets(of: "g").values.map(\.value) == [4])
        await broker.stop()
        await engine.close()
    }

    private static func writeAndRead(
        native: UInt16, kafka: UInt16
    ) throws -> (native: [String], kafka: [String]) {
        var nativeClient = try BlockingClient(port: native)
        let kafkaClient = try BlockingKafkaClient(port: kafka)
        try BrokerTests.produce(2, to: "t", partitions: 1, on: &nativeClient)
        let (request, batch) = try KafkaConnectionTests.produce(["kafka 0", "kafka 1"], to: 0)
        _ = try kafkaClient.call(request, version: 9, records: [batch])

        var partition = OffsetCommitRequest.OffsetCommitRequestPartition()
        partition.committedOffset = 4
        var topic = OffsetCommitRequest.OffsetCommitRequestTopic()
        topic.name = "t"
        topic.partitions = [partition]
        var commit = OffsetCommitRequest()
        commit.groupID = "g"
        commit.topics = [topic]
        _ = try kafkaClient.call(commit, version: 8)

        let fromNative = try BrokerTests.subscribe(to: "t", 0, credit: 100_000, on: &nativeClient)
        try kafkaClient.send(KafkaConnectionTests.fetch([0: 0]), version: 11)
        let (response, bytes) = try kafkaClient.receive(FetchResponse.self, version: 11)
        var fromKafka: [String] = []
        for data in response.responses.flatMap(\.partitions) {
            let run = Array(bytes[data.records.position...].prefix(data.records.count ?? 0))
            try run.withUnsafeBytes {
                var batches = BatchSequence($0, limit: 1 << 20, verifiesChecksums: true)
                while let batch = try batches.next() {
                    try RecordBatchView(borrowing: batch.bytes).forEachRecord {
                        fromKafka.append(String(decoding: $0.value ?? [], as: UTF8.self))
                    }
                }
            }
        }
        return (fromNative, fromKafka)
    }
}
