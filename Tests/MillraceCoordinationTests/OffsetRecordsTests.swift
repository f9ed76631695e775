@testable import MillraceCoordination
import MillraceModel
import Testing

@Suite struct OffsetRecordsTests {
    private let key = OffsetKey(group: "g", partition: CoordinatorUnderTest.partition(2))
    private let committed = CommittedOffset(
        offset: Offset(258), leaderEpoch: LeaderEpoch(4), metadata: "m",
        committedAt: Timestamp(milliseconds: 772))

    private let offset: [UInt8] = [0, 0, 0, 0, 0, 0, 1, 2]
    private let time: [UInt8] = [0, 0, 0, 0, 0, 0, 3, 4]

    private func value(_ bytes: [UInt8]) -> CommittedOffset? {
        bytes.withUnsafeBytes { OffsetRecord.value($0) }
    }

    @Test func offsetsAreWrittenAsKafkaDoes() throws {
        let record = OffsetRecord.record(key, committed)
        #expect(record.key == [0, 1, 0, 1, 0x67, 0, 1, 0x74, 0, 0, 0, 2])
        #expect(record.value == [0, 3] + offset + [0, 0, 0, 4, 0, 1, 0x6D] + time)
        let bytes = try #require(record.key)
        #expect(bytes.withUnsafeBytes { OffsetRecord.key($0) } == key)
        #expect(value(try #require(record.value)) == committed)
        #expect(OffsetRecord.record(key, nil).value == nil)
    }

    @Test func aTopicIDIsATaggedField() throws {
        var withID = committed
        withID.topicID = TopicID(high: 1, low: 2)
        let record = OffsetRecord.record(key, withID)
        let id: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2]
        #expect(
            record.value == [0, 4] + offset + [0, 0, 0, 4, 2, 0x6D] + time + [1, 0, 16] + id)
        #expect(value(try #require(record.value)) == withID)
        #expect(value([0, 4] + offset + [0, 0, 0, 4, 2, 0x6D] + time + [0]) == committed)
    }

    @Test func olderOffsetsAreRead() {
        var old = committed
        old.leaderEpoch = nil
        let expiry: [UInt8] = [0, 0, 0, 0, 0, 0, 9, 9]
        #expect(value([0, 0] + offset + [0, 1, 0x6D] + time) == old)
        #expect(value([0, 1] + offset + [0, 1, 0x6D] + time + expiry) == old)
        #expect(value([0, 2] + offset + [0, 1, 0x6D] + time) == old)
        #expect(value([0, 5] + offset + [0, 1, 0x6D] + time) == nil)
    }

    @Test func noLengthIsTrusted() throws {
        var withID = committed
        withID.topicID = TopicID(high: 1, low: 2)
        for record in [OffsetRecord.record(key, committed), OffsetRecord.record(key, withID)] {
            let bytes = try #require(record.value)
            for count in bytes.indices { #expect(value(Array(bytes[..<count])) == nil) }
            for index in bytes.indices {
                for byte: UInt8 in [0x7F, 0x80, 0xFF] {
                    var damaged = bytes
                    damaged[index] = byte
                    _ = value(damaged)
                }
            }
        }
    }
}
