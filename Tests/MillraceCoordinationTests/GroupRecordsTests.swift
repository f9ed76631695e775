@testable import MillraceCoordination
import MillraceModel
import Testing

/// The bytes of Kafka's `__consumer_offsets`, drawn field by field.
@Suite struct GroupRecordsTests {
    private let metadata = GroupMetadata(
        protocolType: "consumer", generation: 5, protocolName: "range", leader: "a",
        stateSince: Timestamp(milliseconds: 0x0102_0304_0506),
        members: [
            GroupMetadata.Member(
                id: "a", instanceID: "i", clientID: "c", clientHost: "/h",
                rebalanceTimeout: .seconds(300), sessionTimeout: .milliseconds(45_500),
                subscription: [1, 2], assignment: [3]),
            GroupMetadata.Member(
                id: "b", instanceID: nil, clientID: "", clientHost: "",
                rebalanceTimeout: .seconds(1), sessionTimeout: .seconds(6), subscription: [],
                assignment: []),
        ])

    private func string(_ text: String) -> [UInt8] { [0, UInt8(text.utf8.count)] + text.utf8 }
    private func compact(_ text: String) -> [UInt8] { [UInt8(text.utf8.count + 1)] + text.utf8 }
    private func bytes(_ bytes: UInt8...) -> [UInt8] { [0, 0, 0, UInt8(bytes.count)] + bytes }
    private let since: [UInt8] = [0, 0, 1, 2, 3, 4, 5, 6]

    /// As Kafka 2.3 and later writes it.
    private var version3: [UInt8] {
        var all: [UInt8] = [0, 3] + string("consumer") + [0, 0, 0, 5]
        all += string("range") + string("a") + since + [0, 0, 0, 2]
        all += string("a") + string("i") + string("c") + string("/h")
        all += [0, 4, 0x93, 0xE0, 0, 0, 0xB1, 0xBC] + bytes(1, 2) + bytes(3)
        all += string("b") + [0xFF, 0xFF] + string("") + string("")
        all += [0, 0, 0x03, 0xE8, 0, 0, 0x17, 0x70] + bytes() + bytes()
        return all
    }

    private func value(_ bytes: [UInt8]) -> GroupMetadata? {
        bytes.withUnsafeBytes { GroupMetadataRecord.value($0) }
    }

    @Test func metadataIsWrittenAsKafkaDoes() throws {
        let record = GroupRecord.group("g", metadata).record
        #expect(record.key == [0, 2] + string("g"))
        #expect(record.value == version3)
        #expect(value(version3) == metadata)
        let tombstone = GroupRecord.group("g", nil).record
        #expect(tombstone.value == nil)
        let key = try #require(tombstone.key)
        #expect(key.withUnsafeBytes { GroupRecord(key: $0, value: nil) } == .group("g", nil))
    }

    @Test func olderAndNewerMetadataIsRead() {
        let version0: [UInt8] =
            [0, 0] + string("consumer") + [0, 0, 0, 5] + string("range") + string("a")
            + [0, 0, 0, 1] + string("a") + string("c") + string("/h") + [0, 0, 0xB1, 0xBC]
            + bytes(1, 2) + bytes(3)
        var expected = metadata
        expected.stateSince = nil
        expected.members.removeLast()
        expected.members[0].instanceID = nil
        expected.members[0].rebalanceTimeout = nil
        #expect(value(version0) == expected)

        var version4: [UInt8] = [0, 4] + compact("consumer") + [0, 0, 0, 5]
        version4 += compact("range") + compact("a") + since + [2]
        version4 += compact("a") + compact("i") + compact("c") + compact("/h")
        version4 += [0, 4, 0x93, 0xE0, 0, 0, 0xB1, 0xBC] + [3, 1, 2] + [2, 3]
        // A tagged field that nobody knows yet, and none behind it.
        version4 += [1, 9, 2, 0xAA, 0xBB] + [0]
        var one = metadata
        one.members.removeLast()
        #expect(value(version4) == one)

        var version5 = version3
        version5[1] = 5
        #expect(value(version5) == nil)
    }

    @Test func noLengthIsTrusted() {
        for count in version3.indices {
            #expect(value(Array(version3[..<count])) == nil)
        }
        for index in version3.indices {
            for byte: UInt8 in [0x7F, 0x80, 0xFF] {
                var damaged = version3
                damaged[index] = byte
                _ = value(damaged)
            }
        }
    }

    @Test func recordsOfOtherKindsAreLeftAlone() {
        let newer: [UInt8] = [0, 3, 0, 1, 0x67]
        #expect(newer.withUnsafeBytes { GroupRecord(key: $0, value: $0) } == nil)
        let damaged: [UInt8] = [0, 2, 0, 9, 0x67]
        #expect(damaged.withUnsafeBytes { GroupRecord(key: $0, value: $0) } == nil)
        #expect([UInt8]().withUnsafeBytes { GroupRecord(key: $0, value: $0) } == nil)
    }
}
