import Foundation
import Millrace
import MillraceKafkaProtocol
import MillraceModel
import MillraceNativeProtocol
import MillraceRecords
import MillraceShard
import MillraceStorage
import Testing

@testable import MillraceBroker

/// A compacted topic at the doors: what is refused, and by which code.
@Suite(.serialized) struct CompactedTopicTests {
    private static func withEngine(
        _ body: (Engine) async throws -> Void
    ) async throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-test-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        var options = EngineOptions(shardCount: 1)
        options.journalFileBytes = 4 << 20
        let engine = try await Engine.open(path, options: options)
        try await engine.createTopic("t", partitions: 1, config: ["cleanup.policy": "compact"])
        try await body(engine)
        await engine.close()
    }

    @Test func kafkasClientsHearKafkasCodes() async throws {
        try await Self.withEngine { engine in
            let broker = Broker(engine: engine)
            let address = try await broker.listenForKafka(on: SocketAddress(host: "127.0.0.1", port: 0))
            let result = await withCheckedContinuation { continuation in
                Thread.detachNewThread {
                    continuation.resume(returning: Result { try Self.askForWhatIsRefused(address.port) })
                }
            }
            await broker.stop()
            try result.get()
        }
    }

    private static func askForWhatIsRefused(_ port: UInt16) throws {
        let client = try BlockingKafkaClient(port: port)
        let (request, keyless) = try KafkaConnectionTests.produce(["a", "b"], to: 0)
        let refused = try client.call(request, version: 9, records: [keyless])
            .responses.first?.partitionResponses.first
        #expect(refused?.errorCode == .invalidRecord)
        #expect(refused?.errorMessage?.contains("cleanup.policy") == true)
        var partition = DeleteRecordsRequest.DeleteRecordsPartition()
        partition.offset = 0
        var topic = DeleteRecordsRequest.DeleteRecordsTopic()
        topic.name = "t"
        topic.partitions = [partition]
        var delete = DeleteRecordsRequest()
        delete.topics = [topic]
        let answer = try client.call(delete, version: 2)
        #expect(answer.topics.first?.partitions.first?.errorCode == .policyViolation)
    }

    @Test func programsHearTheSame() async throws {
        try await Self.withEngine { engine in
            let keyless = await #expect(throws: EngineError.self) {
                try await engine.append(Record(value: [1]), to: "t")
            }
            #expect(keyless?.kind == .invalidArgument)
            let trimmed = await #expect(throws: EngineError.self) {
                try await engine.trim("t", partition: 0, to: .zero)
            }
            #expect(trimmed?.kind == .invalidArgument)
            let position = try await engine.append(Record(key: [1], value: [1]), to: "t")
            #expect(position.offset == .zero)
        }
    }

    @Test func theNativeDoorSaysInvalidArgument() throws {
        let partition = TopicPartition(topic: try TopicName("t"), partition: 0)
        let status = Status(StorageError.recordWithoutKey(partition, index: 3))
        #expect(status.code == .invalidArgument)
        #expect(status.details["record"] == "3")
        #expect(Status(StorageError.onlyCompacted(partition)).code == .invalidArgument)
    }

    /// A record cannot be compacted at the latest before it may be.
    @Test func lagsThatContradictEachOtherAreRefused() async throws {
        try await Self.withEngine { engine in
            let error = await #expect(throws: EngineError.self) {
                try await engine.createTopic(
                    "u", partitions: 1,
                    config: ["min.compaction.lag.ms": "10", "max.compaction.lag.ms": "5"])
            }
            #expect(error?.kind == .invalidArgument)
            #expect(error?.description.contains("max.compaction.lag.ms=5") == true)
        }
    }
}
