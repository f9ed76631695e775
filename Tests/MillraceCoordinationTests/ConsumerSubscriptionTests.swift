@testable import MillraceCoordination
import MillraceSimulation
import Testing

@Suite struct ConsumerSubscriptionTests {
    @Test func topicsAreReadFromEveryVersion() {
        let topics: [UInt8] = [0, 0, 0, 2, 0, 1, 0x61, 0, 2, 0x62, 0x63]
        for version: UInt8 in 0...9 {
            #expect(ConsumerSubscription.topics(of: [0, version] + topics) == ["a", "bc"])
        }
        #expect(ConsumerSubscription.topics(of: [0, 0, 0, 0, 0, 0]) == [])
    }

    @Test func whatIsNoSubscriptionHasNone() {
        let hostile: [[UInt8]] = [
            [], [0xFF, 0xFF, 0, 0, 0, 0], [0, 0, 0xFF, 0xFF, 0xFF, 0xFF],
            [0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0], [0, 0, 0, 0, 0, 1, 0x7F, 0xFF],
        ]
        for bytes in hostile {
            #expect(ConsumerSubscription.topics(of: bytes) == nil)
            #expect(ConsumerSubscription(bytes) == nil)
        }
    }

    private static var full: ConsumerSubscription {
        var full = ConsumerSubscription(topics: ["a", "orders"], userData: [1, 2, 3])
        full.owned = [TopicShare(topic: "a", partitions: [0, 7])]
        full.generation = 9
        full.rack = "r1"
        return full
    }

    @Test func eachVersionSaysWhatItCan() {
        var wanted = Self.full
        #expect(ConsumerSubscription(wanted.encoded()) == wanted)
        wanted.rack = nil
        #expect(ConsumerSubscription(Self.full.encoded(version: 2)) == wanted)
        wanted.generation = -1
        #expect(ConsumerSubscription(Self.full.encoded(version: 1)) == wanted)
        wanted.owned = []
        #expect(ConsumerSubscription(Self.full.encoded(version: 0)) == wanted)
    }

    @Test func aNewerVersionIsReadAsTheNewestKnown() {
        var bytes = Self.full.encoded()
        bytes[1] = 9
        #expect(ConsumerSubscription(bytes + [1, 2, 3]) == Self.full)
    }

    @Test func noPieceOfASubscriptionIsOne() {
        let bytes = Self.full.encoded()
        for count in 0..<bytes.count {
            #expect(ConsumerSubscription(Array(bytes[..<count])) == nil)
        }
    }

    @Test func assignmentsAndUserDataComeBack() {
        let shares = [TopicShare(topic: "a", partitions: [3, 1]), TopicShare(topic: "b", partitions: [])]
        let assignment = ConsumerAssignment(topics: shares, userData: [7])
        #expect(ConsumerAssignment(assignment.encoded()) == assignment)
        #expect(ConsumerAssignment([]) == ConsumerAssignment())
        let userData = StickyUserData(owned: shares, generation: 4)
        #expect(StickyUserData(userData.encoded()) == userData)
        // Version 0 ends after the shares.
        let older = StickyUserData(Array(userData.encoded().dropLast(4)))
        #expect(older == StickyUserData(owned: shares, generation: -1))
        for count in 1..<assignment.encoded().count {
            #expect(ConsumerAssignment(Array(assignment.encoded()[..<count])) == nil)
        }
        #expect(StickyUserData([0x7F, 0xFF, 0xFF, 0xFF]) == nil)
        #expect(ConsumerAssignment([0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0]) == nil)
        #expect(ConsumerAssignment([0, 0, 0, 0, 0, 1, 0, 1, 0x61, 0x7F, 0xFF, 0xFF, 0xFF]) == nil)
    }

    /// Whatever is changed in good bytes: it is read or refused, and what is read can be written.
    @Test(arguments: [1, 2, 3] as [UInt64]) func hostileBytesAreReadOrRefused(seed: UInt64) {
        var chance = SeededRandom(seed: seed)
        let good = Self.full.encoded()
        for _ in 0..<3000 {
            var bytes = good
            for _ in 0...Int.random(in: 0..<4, using: &chance) {
                bytes[Int.random(in: 0..<bytes.count, using: &chance)] = UInt8.random(in: 0...255, using: &chance)
            }
            bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &chance)))
            if let read = ConsumerSubscription(bytes) {
                #expect(ConsumerSubscription(read.encoded()) == read, "seed \(seed), bytes \(bytes)")
            }
            _ = ConsumerAssignment(bytes)
            _ = StickyUserData(bytes)
        }
    }
}
