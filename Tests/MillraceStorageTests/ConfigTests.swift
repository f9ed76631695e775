import Foundation
import MillraceModel
import MillraceStorage
import Testing

/// Settings of topics and of the broker: changed while it runs, kept, and shown with their source.
@Suite struct ConfigTests {
    private static let name = try! TopicName("t")

    @Test func aChangeHoldsAtOnceAndAfterAStop() async throws {
        let harness = try StorageHarness(shardCount: 2)
        let value = String(repeating: "v", count: 2000)
        try await harness.run(crash: true) { storage in
            _ = try await storage.create(Self.name, partitionCount: 3, config: TopicConfig())
            try await storage.append([value], to: "t", 2)
            let topic = try await storage.alterConfig(Self.name) { config throws(TopicConfigError) in
                try config.set("max.message.bytes", to: "1000")
                try config.set("retention.ms", to: "5000")
            }
            #expect(topic.settings.messageBytesMax == 1000)
            #expect(storage.topic(Self.name)?.settings.retentionTime == .seconds(5))
            for partition in Int32(0)..<3 {
                let error = await storageError {
                    try await storage.append([value], to: "t", partition)
                }
                guard case .batchTooLarge(_, _, limit: 1000) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
        }
        try await harness.run { storage in
            let topic = try #require(storage.topic(Self.name))
            #expect(topic.entry.config.entries[.messageBytesMax] == "1000")
            #expect(topic.settings.messageBytesMax == 1000)
            let changed = try await storage.alterConfig(Self.name) { config throws(TopicConfigError) in
                config.remove(.messageBytesMax)
            }
            #expect(changed.settings.messageBytesMax == 1_048_588)
            try await storage.append([value], to: "t", 2)
        }
    }

    @Test func whatIsRefusedChangesNothing() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            _ = try await storage.create(
                Self.name, partitionCount: 1, config: try config(["millrace.durability": "relaxed"]))
            let bad = await storageError {
                _ = try await storage.alterConfig(Self.name) { config throws(TopicConfigError) in
                    try config.set("retention.ms", to: "1")
                    try config.set("segment.bytes", to: "1")
                }
            }
            guard case .invalidConfig(let error) = bad, error.name == "segment.bytes" else {
                Issue.record("\(String(describing: bad))")
                return
            }
            let durable = await storageError {
                _ = try await storage.alterConfig(Self.name) { config throws(TopicConfigError) in
                    try config.set("millrace.durability", to: "durable")
                }
            }
            guard case .invalidConfig = durable else {
                Issue.record("\(String(describing: durable))")
                return
            }
            // All settings are replaced, as AlterConfigs does: durability stays.
            let topic = try await storage.alterConfig(Self.name) { config throws(TopicConfigError) in
                config = TopicConfig()
            }
            #expect(topic.entry.config.durability == .relaxed)
            #expect(topic.entry.config.entries.count == 1)
            let unknown = await storageError {
                _ = try await storage.alterConfig(try TopicName("u")) { _ in }
            }
            guard case .unknownTopic = unknown else {
                Issue.record("\(String(describing: unknown))")
                return
            }
        }
    }

    @Test func theBrokersDefaultsHoldForTopicsThatDoNotSetThem() async throws {
        let harness = try StorageHarness {
            try? $0.topicDefaults.set("log.retention.hours", to: "1")
            try? $0.topicDefaults.set("message.max.bytes", to: "5000")
        }
        let value = String(repeating: "v", count: 2000)
        try await harness.run { storage in
            try await storage.make("t")
            try await storage.make("u", ["max.message.bytes": "4000"])
            #expect(storage.topic(Self.name)?.settings.retentionTime == .seconds(3600))
            try await storage.alterBrokerConfig { config throws(TopicConfigError) in
                config.clusterDefault["message.max.bytes"] = "3000"
                config.broker["message.max.bytes"] = "1000"
                config.broker["max.connections"] = "7 or so"
            }
            try await storage.append([value], to: "u")
            let error = await storageError { try await storage.append([value], to: "t") }
            guard case .batchTooLarge(_, _, limit: 1000) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        try await harness.run { storage in
            #expect(storage.brokerConfig.broker["max.connections"] == "7 or so")
            let topic = try #require(storage.topic(Self.name))
            #expect(topic.settings.messageBytesMax == 1000)
            let entry = try #require(
                storage.configEntries(of: topic).first { $0.name == "max.message.bytes" })
            #expect(entry.value == "1000" && entry.source == .dynamicBroker && entry.type == .int)
            #expect(entry.synonyms.map(\.value) == ["1000", "3000", "5000", "1048588"])
            #expect(
                entry.synonyms.map(\.source)
                    == [.dynamicBroker, .dynamicDefaultBroker, .staticBroker, .standard])
            let retention = try #require(
                storage.configEntries(of: topic).first { $0.name == "retention.ms" })
            #expect(retention.value == "3600000" && retention.source == .staticBroker)
            #expect(retention.synonyms.map(\.name) == ["log.retention.hours", "log.retention.hours"])
            let own = try #require(storage.topic(try TopicName("u"))).entry
            #expect(own.config.entries[.messageBytesMax] == "4000")
            #expect(storage.topicDefaultEntries.count == TopicDefaults.Key.allCases.count)
            try await storage.alterBrokerConfig { config throws(TopicConfigError) in
                config = BrokerConfig()
            }
            #expect(storage.topic(Self.name)?.settings.messageBytesMax == 5000)
        }
    }

    @Test(arguments: [
        ("log.retention.ms", "soon"), ("a b", "1"), ("a=b", "1"), ("", "1"), ("x", "two\nlines"),
    ])
    func aBrokerSettingThatCannotBeIsRefused(_ name: String, _ value: String) async throws {
        try await StorageHarness().run { storage in
            let error = await storageError {
                try await storage.alterBrokerConfig { config throws(TopicConfigError) in
                    config.broker[name] = value
                }
            }
            guard case .invalidConfig = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(storage.brokerConfig == BrokerConfig())
        }
    }

    @Test func jitterRollsSomeSegmentsEarlier() async throws {
        try await StorageHarness().run { storage in
            _ = try await storage.create(
                Self.name, partitionCount: 40,
                config: try config(["segment.ms": "1000000", "segment.jitter.ms": "1000000"]))
            var counts: Set<Int> = []
            for partition in Int32(0)..<40 {
                try await storage.append(["a"], to: "t", partition, at: 1_000_000)
                try await storage.append(["b"], to: "t", partition, at: 1_500_000)
                let log = try storage.log("t", partition)
                counts.insert(await log.storage.state(of: log).segmentCount)
            }
            #expect(counts == [1, 2])
        }
    }
}
