import MillraceModel
import Testing

@Suite struct TopicNameTests {
    @Test(arguments: ["a", "Orders.v2_x-9", "__consumer_offsets", String(repeating: "x", count: 249)])
    func legalNames(_ name: String) throws {
        #expect(try TopicName(name).string == name)
    }

    @Test(arguments: ["", ".", "..", "a/b", "a b", "ä", "a\0", String(repeating: "x", count: 250)])
    func illegalNamesAreRefusedByName(_ name: String) {
        let error = #expect(throws: TopicNameError.self) { try TopicName(name) }
        #expect(error?.description.hasPrefix("illegal topic name '\(name)'") == true)
    }
}
