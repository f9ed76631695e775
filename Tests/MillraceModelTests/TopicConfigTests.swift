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
        ("millrace.durability", "perhaps"), ("cleanup.policy", "compact"),
        ("cleanup.policy", "delete,compact"), ("cleanup.policy", ""), ("compression.type", "zip"),
        ("min.insync.replicas", "0"), ("message.timestamp.type", "createtime"),
        ("max.message.bytes", "99999999999999999999"),
    ])
    func refusesByNameAndValue(_ name: String, _ value: String) {
        var config = TopicConfig()
        let error = #expect(throws: TopicConfigError.self) { try config.set(name, to: value) }
        #expect(error?.description.contains("\(name)=\(value)") == true)
    }
}
