import MillraceModel
import MillraceNativeProtocol
import Testing

@Suite struct TopicIDBytesTests {
    @Test func sixteenBytesMostSignificantFirst() {
        let id = TopicID(high: 0x0102_0304_0506_0708, low: 0x090a_0b0c_0d0e_0f10)
        #expect(id.bytes == Array(1...16))
        #expect(TopicID(bytes: id.bytes) == id)
        #expect(TopicID(bytes: id.bytes.dropLast()) == nil)
        #expect(TopicID(bytes: id.bytes + [0]) == nil)
    }
}
