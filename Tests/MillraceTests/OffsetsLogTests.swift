import Foundation
import Millrace
import MillraceCoordination
import MillraceStorage
import Testing

/// The topic `__consumer_offsets`, seen through the engine.
@Suite struct OffsetsLogTests {
    private func withDirectory(_ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "millrace-test-\(UUID())")
        defer { try? FileManager.default.removeItem(at: path) }
        try await body(path.path)
    }

    private var options: EngineOptions {
        var options = EngineOptions(shardCount: 1)
        options.journalFileBytes = 4 << 20
        options.offsetsPartitionCount = 3
        return options
    }

    private let name = "__consumer_offsets"

    private func positions(_ count: Int32) throws -> [TopicPartition: CommittedPosition] {
        let topic = try TopicName("t")
        let metadata = String(repeating: "m", count: 4096)
        var positions: [TopicPartition: CommittedPosition] = [:]
        for number in 0..<count {
            positions[TopicPartition(topic: topic, partition: number)] = CommittedPosition(
                offset: Offset(Int64(number)), metadata: metadata)
        }
        return positions
    }

    /// Commits past the check that the partitions are there: a commit of a megabyte is for hundreds,
    /// and to make them takes a slow disk a minute.
    private func commit(
        _ positions: [TopicPartition: CommittedPosition], to engine: Engine
    ) async throws {
        let request = OffsetCommitRequest(
            group: "g",
            commits: positions.map { .init($0, $1.offset, metadata: $1.metadata) })
        #expect(try await engine.groups.commitOffsets(request).allSatisfy { $0 == nil })
    }

    /// What a broker allows its topics does not bound a commit, which is one batch.
    @Test func aCommitOfManyPartitionsIsTaken() async throws {
        try await withDirectory { directory in
            var options = options
            try options.topicDefaults.set("message.max.bytes", to: "1000")
            var engine = try await Engine.open(directory, options: options)
            try await engine.createTopic("t")
            let positions = try positions(500)
            try await commit(positions, to: engine)
            #expect(try await engine.committedPositions(of: "g") == positions)
            await engine.close()
            engine = try await Engine.open(directory, options: options)
            #expect(try await engine.committedPositions(of: "g") == positions)
            await engine.close()
        }
    }

    @Test func aCommitThatNeverFitsIsRefusedAsSuch() async throws {
        try await withDirectory { directory in
            let engine = try await Engine.open(directory, options: options)
            try await engine.createTopic("t")
            // The limit cannot be reached with as many partitions as a test should make.
            let positions = try positions(1)
            try await engine.commit(positions, for: "g")
            _ = try await engine.storage.alterConfig(try TopicName(name)) {
                (config) throws(TopicConfigError) in
                try config.set("max.message.bytes", to: "1000")
            }
            let error = await #expect(throws: EngineError.self) {
                try await engine.commit(positions, for: "g")
            }
            #expect(error?.kind == .recordTooLarge)
            #expect(error?.description.contains("group 'g'") == true)
            await engine.close()
        }
    }

    /// A topic that an earlier version made has other settings.
    @Test func settingsThatTheTopicLacksAreMadeGoodAtTheStart() async throws {
        try await withDirectory { directory in
            var engine = try await Engine.open(directory, options: options)
            try await engine.createTopic("t")
            var early = TopicConfig()
            early.keepForever()
            _ = try await engine.storage.create(
                try TopicName(name), partitionCount: 2, config: early)
            await engine.close()
            engine = try await Engine.open(directory, options: options)
            let topic = try await engine.describeTopic(name)
            #expect(topic.partitions.count == 2)
            #expect(topic.config.entries[.messageBytesMax] == "16777216")
            #expect(topic.config.entries[.retentionBytes] == "-1")
            #expect(topic.config.entries[.cleanupPolicy] == "compact")
            try await commit(try positions(500), to: engine)
            // One that somebody has made larger stays so.
            _ = try await engine.storage.alterConfig(try TopicName(name)) {
                (config) throws(TopicConfigError) in
                try config.set("max.message.bytes", to: "33554432")
            }
            await engine.close()
            engine = try await Engine.open(directory, options: options)
            #expect(
                try await engine.describeTopic(name).config.entries[.messageBytesMax] == "33554432")
            await engine.close()
        }
    }

    /// The stop comes between the end of a topic and that of its offsets.
    @Test func aNewTopicDoesNotBeginWhereAnotherOfItsNameEnded() async throws {
        try await withDirectory { directory in
            var engine = try await Engine.open(directory, options: options)
            for topic in ["t", "u"] { try await engine.createTopic(topic) }
            let gone = TopicPartition(topic: try TopicName("t"), partition: 0)
            let stays = TopicPartition(topic: try TopicName("u"), partition: 0)
            try await engine.commit([gone: Offset(5), stays: Offset(6)], for: "g")
            try await engine.storage.delete(gone.topic)
            await engine.close()
            for _ in 0..<2 {
                engine = try await Engine.open(directory, options: options)
                if engine.topicNames().count == 1 { try await engine.createTopic("t") }
                #expect(try await engine.committedOffsets(of: "g") == [stays: Offset(6)])
                await engine.close()
            }
        }
    }
}
