import MillraceModel
import Testing

@Suite struct TopicDefaultsTests {
    @Test func theFirstSynonymThatIsSetHolds() throws {
        var defaults = TopicDefaults()
        #expect(defaults.text(for: .retentionMilliseconds) == "604800000")
        try defaults.set("log.retention.hours", to: "2")
        #expect(defaults.text(for: .retentionMilliseconds) == "7200000")
        try defaults.set("log.retention.minutes", to: "3")
        #expect(defaults.text(for: .retentionMilliseconds) == "180000")
        try defaults.set("log.retention.ms", to: "-1")
        #expect(defaults.settings(for: TopicConfig()).retentionTime == nil)
        defaults.remove(.retentionMilliseconds)
        #expect(defaults.settings(for: TopicConfig()).retentionTime == .seconds(180))
        try defaults.set("log.roll.hours", to: "1")
        #expect(defaults.settings(for: TopicConfig()).segmentAgeMax == .seconds(3600))
        var config = TopicConfig()
        try config.set("retention.ms", to: "5")
        #expect(config.settings(over: defaults).retentionTime == .milliseconds(5))
        #expect(config.settings(over: defaults).segmentAgeMax == .seconds(3600))
    }

    @Test(arguments: TopicDefaults.Key.allCases)
    func everyKeyIsASynonymOfItsTopicsKey(_ key: TopicDefaults.Key) throws {
        #expect(key.topicKey.brokerKeys.contains(key))
        guard let text = key.defaultText else { return }
        var defaults = TopicDefaults()
        try defaults.set(key.rawValue, to: text)
        #expect(defaults.text(for: key.topicKey) == key.topicKey.defaultText)
    }

    @Test(arguments: [
        ("log.retention.hours", "x"), ("log.retention.hours", "99999999999"), ("log.roll.hours", "0"),
        ("message.max.bytes", "1"), ("log.cleanup.policy", "keep"), ("retention.ms", "1"),
    ])
    func refusesByNameAndValue(_ name: String, _ value: String) {
        var defaults = TopicDefaults()
        let error = #expect(throws: TopicConfigError.self) { try defaults.set(name, to: value) }
        #expect(error?.description.contains("\(name)=\(value)") == true)
    }
}
