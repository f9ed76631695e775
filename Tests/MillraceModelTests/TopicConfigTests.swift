import MillraceModel
import Testing

@Suite struct TopicConfigTests {
    @Test func readsWhatWasSetAndDefaultsTheRest() throws {
        var config = TopicConfig()
        #expect(config.settings().retentionTime == .seconds(604_800))
        #expect(config.settings().retentionBytes == nil)
        #expect(config.settings().compression == nil)
        #expect(config.settings().timestampAfterMax == .seconds(3600))
        #expect(config.settings().timestampBeforeMax == nil)
        try config.set("retention.ms", to: "-1")
        try config.set("segment.bytes", to: "1048576")
        try config.set("millrace.durability", to: "relaxed")
        try config.set("compression.type", to: "uncompressed")
        try config.set("message.timestamp.type", to: "LogAppendTime")
        let settings = config.settings()
        #expect(settings.retentionTime == nil)
        #expect(settings.segmentBytes == 1 << 20)
        #expect(settings.compression == CompressionCodec.none)
        #expect(settings.usesLogAppendTime)
        #expect(config.durability == .relaxed)
        config.remove(.retentionMilliseconds)
        #expect(config.settings().retentionTime == .seconds(604_800))
    }

    @Test(arguments: TopicConfig.Key.allCases)
    func everyDefaultParsesAndIsExplained(_ key: TopicConfig.Key) throws {
        var config = TopicConfig()
        try config.set(key.rawValue, to: key.defaultText)
        #expect(config.entries[key] == key.defaultText)
        #expect(config.settings() == TopicSettings())
        #expect(!key.documentation.isEmpty && !key.documentation.contains("\n"))
    }

    @Test(arguments: [
        ("segment.bytes", "1"), ("segment.bytes", "x"), ("retention.ms", "-2"), ("nope", "1"),
        ("millrace.durability", "perhaps"), ("cleanup.policy", "compress"),
        ("cleanup.policy", "delete,"), ("cleanup.policy", ""), ("compression.type", "zip"),
        ("min.cleanable.dirty.ratio", "1.1"), ("min.cleanable.dirty.ratio", "-0.1"),
        ("min.cleanable.dirty.ratio", "nan"), ("max.compaction.lag.ms", "0"), ("delete.retention.ms", "-1"),
        ("min.insync.replicas", "0"), ("message.timestamp.type", "createtime"),
        ("max.message.bytes", "99999999999999999999"),
    ])
    func refusesByNameAndValue(_ name: String, _ value: String) {
        var config = TopicConfig()
        let error = #expect(throws: TopicConfigError.self) { try config.set(name, to: value) }
        #expect(error?.description.contains("\(name)=\(value)") == true)
    }
}

@Suite struct CleanupPolicyTests {
    @Test(arguments: [
        ("delete", "delete"), ("compact", "compact"), ("compact,delete", "compact,delete"),
        ("delete,compact", "compact,delete"), ("delete, compact", "compact,delete"),
        ("compact,compact", "compact"),
    ])
    func itIsAListOfTwo(_ given: String, _ kept: String) throws {
        var config = TopicConfig()
        try config.set("cleanup.policy", to: given)
        #expect(config.entries[.cleanupPolicy] == kept)
        #expect(config.settings().isCompacted == kept.contains("compact"))
        #expect(config.settings().deletesOldSegments == kept.contains("delete"))
    }

    @Test func whatGoesWithItHasKafkasDefaults() throws {
        var config = TopicConfig()
        #expect(config.settings().dirtyRatioMin == 0.5)
        #expect(config.settings().compactionLagMin == .zero)
        #expect(config.settings().compactionLagMax == nil)
        #expect(config.settings().deleteRetention == .seconds(86_400))
        try config.set("min.cleanable.dirty.ratio", to: "0.01")
        try config.set("max.compaction.lag.ms", to: "1000")
        #expect(config.settings().dirtyRatioMin == 0.01)
        #expect(config.settings().compactionLagMax == .seconds(1))
    }
}
