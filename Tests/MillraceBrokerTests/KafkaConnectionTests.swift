import Foundation
import Millrace
import MillraceBroker
import MillraceKafkaProtocol
import MillraceRecords
import MillraceShard
import Testing

/// The Kafka listener over real sockets, by a client that knows no caution.
@Suite(.serialized) struct KafkaConnectionTests {
    private static func withBroker(
        _ options: BrokerOptions = BrokerOptions(), _ body: @escaping @Sendable (UInt16) throws -> Void
    ) async throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-test-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        var engineOptions = EngineOptions(shardCount: 2)
        engineOptions.journalFileBytes = 4 << 20
        engineOptions.offsetsPartitionCount = 2
        let engine = try await Engine.open(path, options: engineOptions)
        try await engine.createTopic("t", partitions: 4)
        let broker = Broker(engine: engine, options: options)
        let address = try await broker.listenForKafka(on: SocketAddress(host: "127.0.0.1", port: 0))
        let result = await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: Result { try body(address.port) }) }
        }
        await broker.stop()
        await engine.close()
        try result.get()
    }

    static func produce(
        _ values: [String], to partition: Int32, acks: Int16 = -1, topic: String = "t"
    ) throws -> (ProduceRequest, [UInt8]) {
        let batch = try RecordBatchBuilder.build(
            values.map { Record(value: Array($0.utf8)) }, now: Timestamp(milliseconds: 1))
        var data = ProduceRequest.PartitionProduceData()
        data.index = partition
        data.records = RecordData(count: batch.count)
        var topicData = ProduceRequest.TopicProduceData()
        topicData.name = topic
        topicData.partitionData = [data]
        var request = ProduceRequest()
        request.acks = acks
        request.topicData = [topicData]
        return (request, batch)
    }

    static func fetch(_ offsets: [Int32: Int64], session: Int32 = 0, epoch: Int32 = -1) -> FetchRequest {
        var topic = FetchRequest.FetchTopic()
        topic.topic = "t"
        topic.partitions = offsets.sorted { $0.key < $1.key }.map {
            var partition = FetchRequest.FetchPartition()
            partition.partition = $0.key
            partition.fetchOffset = $0.value
            partition.partitionMaxBytes = 1 << 20
            return partition
        }
        var request = FetchRequest()
        request.maxBytes = 1 << 20
        request.minBytes = 0
        request.sessionID = session
        request.sessionEpoch = epoch
        request.topics = offsets.isEmpty ? [] : [topic]
        return request
    }

    @Test func whatIsProducedIsFetchedAsItWasSent() async throws {
        try await Self.withBroker { port in
            let client = try BlockingKafkaClient(port: port)
            for version in [Int16(3), 8, 9, 12] {
                let (request, batch) = try Self.produce(["a", "b"], to: 1)
                let response = try client.call(request, version: version, records: [batch])
                #expect(response.responses.first?.partitionResponses.first?.errorCode == ErrorCode.none)
            }
            // Two partitions of which one has records, and the whole second batch for an offset inside it.
            try client.send(Self.fetch([1: 3, 2: 0]), version: 11)
            let (response, bytes) = try client.receive(FetchResponse.self, version: 11)
            let partitions = try #require(response.responses.first?.partitions)
            #expect(partitions.map(\.partitionIndex) == [1, 2])
            #expect(partitions[0].highWatermark == 8)
            #expect(partitions[1].records.count == 0)
            let records = partitions[0].records
            let size = try #require(records.count)
            let run = Array(bytes[records.position..<(records.position + size)])
            let bases = run.withUnsafeBytes {
                var batches = BatchSequence($0, limit: 1 << 20, verifiesChecksums: true)
                var bases: [Int64] = []
                while let batch = try? batches.next() { bases.append(batch.header.baseOffset.value) }
                return bases
            }
            #expect(bases == [2, 4, 6])
        }
    }

    @Test func aSessionTellsOnlyWhatIsNew() async throws {
        try await Self.withBroker { port in
            let client = try BlockingKafkaClient(port: port)
            let first = try client.call(Self.fetch([0: 0, 1: 0, 2: 0, 3: 0], epoch: 0), version: 12)
            #expect(first.sessionID != 0)
            #expect(first.responses.first?.partitions.count == 4)
            let nothing = try client.call(Self.fetch([:], session: first.sessionID, epoch: 1), version: 12)
            #expect(nothing.errorCode == ErrorCode.none && nothing.responses.isEmpty)
            let (request, batch) = try Self.produce(["x"], to: 2)
            _ = try client.call(request, version: 9, records: [batch])
            let news = try client.call(Self.fetch([:], session: first.sessionID, epoch: 2), version: 12)
            #expect(news.responses.first?.partitions.map(\.partitionIndex) == [2])
            let stale = try client.call(Self.fetch([:], session: first.sessionID, epoch: 2), version: 12)
            #expect(stale.errorCode == .invalidFetchSessionEpoch)
            // Another connection does not know it.
            let other = try BlockingKafkaClient(port: port)
            let unknown = try other.call(Self.fetch([:], session: first.sessionID, epoch: 3), version: 12)
            #expect(unknown.errorCode == .fetchSessionIDNotFound)
        }
    }

    @Test func aFetchWaitsForRecordsOfAnyPartition() async throws {
        try await Self.withBroker { port in
            let reader = try BlockingKafkaClient(port: port)
            var request = Self.fetch([0: 0, 1: 0, 2: 0, 3: 0])
            request.minBytes = 1
            request.maxWaitMs = 15_000
            try reader.send(request, version: 12)
            usleep(50_000)
            let writer = try BlockingKafkaClient(port: port)
            let (produce, batch) = try Self.produce(["x"], to: 3)
            _ = try writer.call(produce, version: 9, records: [batch])
            let (response, _) = try reader.receive(FetchResponse.self, version: 12)
            let found = response.responses.flatMap(\.partitions).filter { ($0.records.count ?? 0) > 0 }
            #expect(found.map(\.partitionIndex) == [3])
        }
    }

    @Test func anUnknownVersionOfApiVersionsIsAnsweredInVersionZero() async throws {
        try await Self.withBroker { port in
            let client = try BlockingKafkaClient(port: port)
            // Key 18, version 99, correlation id 7, no client id, and a body nobody knows.
            try client.send(
                BlockingKafkaClient.framed([0, 18, 0, 99, 0, 0, 0, 7, 0xff, 0xff, 1, 2, 3]))
            let (response, _) = try client.receive(ApiVersionsResponse.self, version: 0)
            #expect(response.errorCode == .unsupportedVersion)
            let produce = response.apiKeys.first { $0.apiKey == 0 }
            #expect(produce?.minVersion == 0)
            // The connection goes on.
            let again = try client.call(ApiVersionsRequest(), version: 2)
            #expect(again.errorCode == ErrorCode.none)
        }
    }

    @Test(
        arguments: [
            [0xff, 0xff, 0xff, 0xff], [0x7f, 0xff, 0xff, 0xff], [0, 0, 0, 1, 0],
            // An unknown key, an unserved one, a version too new, a body cut short, an array longer than the frame.
            BlockingKafkaClient.framed([0x40, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff]),
            BlockingKafkaClient.framed([0, 36, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0]),
            BlockingKafkaClient.framed([0, 3, 0, 99, 0, 0, 0, 1, 0xff, 0xff]),
            BlockingKafkaClient.framed([0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0, 0]),
            BlockingKafkaClient.framed([0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]),
            // A varint that never ends, in a flexible header.
            BlockingKafkaClient.framed([0, 3, 0, 9, 0, 0, 0, 1, 0xff, 0xff] + [UInt8](repeating: 0xff, count: 40)),
        ] as [[UInt8]])
    func nonsenseCostsItsConnectionOnly(_ bytes: [UInt8]) async throws {
        try await Self.withBroker { port in
            let good = try BlockingKafkaClient(port: port)
            let bad = try BlockingKafkaClient(port: port)
            try bad.send(bytes)
            #expect(throws: BlockingKafkaClient.Failure.self) { _ = try bad.receiveFrame() }
            #expect(try good.call(ApiVersionsRequest(), version: 2).errorCode == ErrorCode.none)
        }
    }

    @Test func whatCannotBeAppendedIsRefusedByItsOwnCode() async throws {
        try await Self.withBroker { port in
            let client = try BlockingKafkaClient(port: port)
            func refusal(_ request: ProduceRequest, _ batch: [UInt8], version: Int16 = 9) throws -> ErrorCode? {
                try client.call(request, version: version, records: [batch])
                    .responses.first?.partitionResponses.first?.errorCode
            }
            let (good, batch) = try Self.produce(["a"], to: 0)
            var flipped = batch
            flipped[flipped.count - 1] ^= 1
            #expect(try refusal(good, flipped) == .corruptMessage)
            var old = batch
            old[16] = 1
            #expect(try refusal(good, old) == .unsupportedForMessageFormat)
            #expect(try refusal(try Self.produce(["a"], to: 9).0, batch) == .unknownTopicOrPartition)
            #expect(try refusal(try Self.produce(["a"], to: 0, topic: "none").0, batch) == .unknownTopicOrPartition)
            #expect(try refusal(try Self.produce(["a"], to: 0, acks: 2).0, batch) == .invalidRequiredAcks)
            #expect(try refusal(good, batch, version: 2) == .unsupportedVersion)
            #expect(try refusal(good, batch) == ErrorCode.none)
        }
    }

    @Test func produceWithoutAnswerThatFailsEndsTheConnection() async throws {
        try await Self.withBroker { port in
            let client = try BlockingKafkaClient(port: port)
            let (request, batch) = try Self.produce(["a"], to: 0, acks: 0)
            try client.send(request, version: 9, records: [batch])
            // It is answered by nothing, and what comes next is.
            #expect(try client.call(ApiVersionsRequest(), version: 2).errorCode == ErrorCode.none)
            let (bad, _) = try Self.produce(["a"], to: 99, acks: 0)
            try client.send(bad, version: 9, records: [batch])
            #expect(throws: BlockingKafkaClient.Failure.self) { _ = try client.receiveFrame() }
        }
    }

    @Test func idleConnectionsAndThoseOnTopAreClosed() async throws {
        var options = BrokerOptions()
        options.connectionsMax = 2
        options.idleTimeMax = .milliseconds(400)
        try await Self.withBroker(options) { port in
            let first = try BlockingKafkaClient(port: port)
            #expect(try first.call(ApiVersionsRequest(), version: 2).errorCode == ErrorCode.none)
            let second = try BlockingKafkaClient(port: port)
            #expect(try second.call(ApiVersionsRequest(), version: 2).errorCode == ErrorCode.none)
            let third = try BlockingKafkaClient(port: port)
            #expect(throws: BlockingKafkaClient.Failure.self) { _ = try third.receiveFrame() }
            // Both are idle by and by.
            #expect(throws: BlockingKafkaClient.Failure.self) { _ = try first.receiveFrame() }
            #expect(throws: BlockingKafkaClient.Failure.self) { _ = try second.receiveFrame() }
        }
    }

    @Test func aQuotaThrottlesAndSurvivesInTheSettings() async throws {
        try await Self.withBroker { port in
            let client = try BlockingKafkaClient(port: port)
            var alter = AlterClientQuotasRequest()
            var entity = AlterClientQuotasRequest.EntityData()
            entity.entityType = "client-id"
            entity.entityName = "test"
            var operation = AlterClientQuotasRequest.OpData()
            operation.key = "producer_byte_rate"
            operation.value = 1000
            var entry = AlterClientQuotasRequest.EntryData()
            entry.entity = [entity]
            entry.ops = [operation]
            alter.entries = [entry]
            #expect(try client.call(alter, version: 1).entries.map(\.errorCode) == [.none])
            let (request, batch) = try Self.produce([String(repeating: "x", count: 1500)], to: 0)
            let response = try client.call(request, version: 9, records: [batch])
            #expect(response.throttleTimeMs > 0)
            #expect(response.responses.first?.partitionResponses.first?.errorCode == ErrorCode.none)
            let described = try client.call(DescribeClientQuotasRequest(), version: 1)
            #expect(described.entries?.first?.values.map(\.value) == [1000])
        }
    }

    @Test func aCursorBeyondTheLastPartitionIsAnEmptyPage() async throws {
        try await Self.withBroker { port in
            let client = try BlockingKafkaClient(port: port)
            var topic = DescribeTopicPartitionsRequest.TopicRequest()
            topic.name = "t"
            var request = DescribeTopicPartitionsRequest()
            request.topics = [topic]
            var cursor = DescribeTopicPartitionsRequest.Cursor()
            cursor.topicName = "t"
            cursor.partitionIndex = .max
            request.cursor = cursor
            request.responsePartitionLimit = .max
            let response = try client.call(request, version: 0)
            #expect(response.topics.map(\.partitions.count) == [0])
            #expect(response.nextCursor == nil)
            request.cursor = nil
            request.responsePartitionLimit = 3
            let page = try client.call(request, version: 0)
            #expect(page.topics.map(\.partitions.count) == [3])
            #expect(page.nextCursor?.partitionIndex == 3)
        }
    }

    @Test func aFetchOfNothingIsAnsweredAtOnce() async throws {
        try await Self.withBroker { port in
            let client = try BlockingKafkaClient(port: port)
            var request = Self.fetch([:])
            request.minBytes = 1
            // The client gives up before that.
            request.maxWaitMs = 30_000
            #expect(try client.call(request, version: 12).errorCode == ErrorCode.none)
        }
    }

    @Test func theBrokersOwnTopicsAreNotForClients() async throws {
        try await Self.withBroker { port in
            let client = try BlockingKafkaClient(port: port)
            // A commit makes the topic.
            var partition = OffsetCommitRequest.OffsetCommitRequestPartition()
            partition.committedOffset = 1
            var topic = OffsetCommitRequest.OffsetCommitRequestTopic()
            topic.name = "t"
            topic.partitions = [partition]
            var commit = OffsetCommitRequest()
            commit.groupID = "g"
            commit.topics = [topic]
            let committed = try client.call(commit, version: 8)
            #expect(committed.topics.first?.partitions.first?.errorCode == ErrorCode.none)

            let (produce, batch) = try Self.produce(["forged"], to: 0, topic: "__consumer_offsets")
            let produced = try client.call(produce, version: 9, records: [batch])
            #expect(produced.responses.first?.partitionResponses.first?.errorCode == .invalidTopic)
            var growth = CreatePartitionsRequest.CreatePartitionsTopic()
            growth.name = "__consumer_offsets"
            growth.count = 9
            growth.assignments = nil
            var grow = CreatePartitionsRequest()
            grow.topics = [growth]
            #expect(try client.call(grow, version: 3).results.map(\.errorCode) == [.invalidTopic])
            var delete = DeleteTopicsRequest()
            delete.topicNames = ["__consumer_offsets"]
            #expect(try client.call(delete, version: 5).responses.map(\.errorCode) == [.invalidTopic])
        }
    }

    @Test func moreThanALogMayHaveIsRefusedHoweverItIsAskedFor() async throws {
        try await Self.withBroker { port in
            let client = try BlockingKafkaClient(port: port)
            var topic = CreateTopicsRequest.CreatableTopic()
            topic.name = "many"
            topic.numPartitions = -1
            topic.replicationFactor = -1
            topic.assignments = (0..<20_000).map {
                var assignment = CreateTopicsRequest.CreatableReplicaAssignment()
                assignment.partitionIndex = Int32($0)
                assignment.brokerIDs = [1]
                return assignment
            }
            var request = CreateTopicsRequest()
            request.topics = [topic]
            #expect(try client.call(request, version: 5).topics.map(\.errorCode) == [.invalidPartitions])
            topic.assignments = []
            topic.numPartitions = 0
            request.topics = [topic]
            #expect(try client.call(request, version: 5).topics.map(\.errorCode) == [.invalidPartitions])
        }
    }

    /// What waits behind a request that cannot be read must not keep the broker from stopping.
    @Test func aBrokerStopsWhateverItsClientsHaveSent() async throws {
        try await Self.withBroker { port in
            let client = try BlockingKafkaClient(port: port)
            var wait = Self.fetch([0: 0])
            wait.minBytes = 1
            wait.maxWaitMs = 20_000
            try client.send(wait, version: 12)
            // Half a produce request of 90 MB, the limit of what is held of whole ones passed.
            try client.send([5, 0x5d, 0x4a, 0x80, 0, 0, 0, 9, 0, 0, 0, 9, 0xff, 0xff])
            let part = [UInt8](repeating: 0, count: 1 << 20)
            for _ in 0..<70 { try client.send(part) }
            withExtendedLifetime(client) {}
        }
    }

    @Test func largeRequestsWithoutRecordsAreRefused() async throws {
        try await Self.withBroker { port in
            let client = try BlockingKafkaClient(port: port)
            // Metadata, 9 MB.
            try client.send([0, 0x90, 0, 0, 0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff])
            #expect(throws: BlockingKafkaClient.Failure.self) { _ = try client.receiveFrame() }
        }
    }
}
