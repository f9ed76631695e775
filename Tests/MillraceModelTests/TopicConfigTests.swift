import MillraceModel
import Testing

@Suite struct TopicConfigTests {
    @Test func readsWhatWasSetAndDefaultsTheRest() throws {
        var config = TopicConfig()
        #expect(config.retentionTime == .seconds(604_800))
        #expect(config.retentionBytes == nil)
        try config.set("retention.ms", to: "-1")
        try config.set("segment.bytes", to: "1048576")
        try config.set("millrace.durability", to: "relaxed")
        #expect(config.retentionTime == nil)
        #expect(config.segmentBytes == 1 << 20)
        #expect(config.durability == .relaxed)
        config.remove(.retentionMilliseconds)
        #expect(config.retentionTime == .seconds(604_800))
    }

    @Test(arguments: [
        ("segment.bytes", "1"), ("segment.bytes", "x"), ("retention.ms", "-2"), ("nope", "1"),
        ("millrace.durability", "perhaps"), ("max.message.bytes", "99999999999999999999"),
    ])
    func refusesByNameAndValue(_ name: String, _ value: String) {
        var config = TopicConfig()
        let error = #expect(throws: TopicConfigError.self) { try config.set(name, to: value) }
        #expect(error?.description.contains("\(name)=\(value)") == true)
    }
}
