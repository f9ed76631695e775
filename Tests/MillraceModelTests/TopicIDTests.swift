import MillraceModel
import Testing

@Suite struct TopicIDTests {
    @Test func printsAndReadsKafkasBase64() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<1000 {
            let id = TopicID(from: &generator)
            #expect(TopicID(base64: id.description) == id)
        }
        // Kafka's Uuid.METADATA_TOPIC_ID is UUID(0, 1).
        #expect(TopicID(high: 0, low: 1).description == "AAAAAAAAAAAAAAAAAAAAAQ")
        #expect(TopicID(base64: "AAAAAAAAAAAAAAAAAAAAAQ") == TopicID(high: 0, low: 1))
    }

    @Test func refusesOtherText() {
        #expect(TopicID(base64: "") == nil)
        #expect(TopicID(base64: "AAAAAAAAAAAAAAAAAAAA/Q") == nil)
        #expect(TopicID(base64: "AAAAAAAAAAAAAAAAAAAAAAQ") == nil)
    }
}
