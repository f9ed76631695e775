import MillraceModel
import MillraceShard
import MillraceStorage
import SystemPackage
import Testing

/// Data that was whole once and is not any more. Reads of it are refused by name, reads of the rest
/// go on, no offset is given twice, and verification names the same offsets as the reads do.
@Suite struct DamageTests {
    private static let value = String(repeating: "v", count: 100_000)

    /// Forty batches of one record each, in segments of about ten.
    private func filled() async throws -> StorageHarness {
        let harness = try StorageHarness()
        try await harness.run { storage in
            _ = try await storage.create(
                try TopicName("t"), partitionCount: 1, config: try config(["segment.bytes": "1048576"]))
            for number in 10..<50 {
                try await storage.append(["\(number) \(Self.value)"], to: "t")
            }
        }
        #expect(try await harness.verify().isIntact)
        return harness
    }

    /// Reads from each offset on; those at which a read is refused as damaged.
    private static func refused(_ storage: Storage, _ count: Int64) async throws -> [Int64] {
        let log = try storage.partition(TopicPartition(topic: try TopicName("t"), partition: 0))
        var refused: [Int64] = []
        for offset in 0..<count {
            do {
                let cursor = try await log.storage.cursor(at: Offset(offset), of: log)
                _ = try await log.storage.read(from: cursor, of: log, bytesMax: 1)
            } catch StorageError.damaged(let range) {
                #expect(range.partition == log.partition)
                #expect(range.first.value <= offset && offset <= range.last?.value ?? .max, "\(range)")
                refused.append(offset)
            }
        }
        return refused
    }

    private func expectDamage(
        _ lost: ClosedRange<Int64>, in harness: StorageHarness, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let report = try await harness.verify()
        #expect(
            report.problems.filter { $0.kind == .records }.map { [$0.first?.value, $0.last?.value] }
                == [[lost.lowerBound, lost.upperBound]],
            "\(report.problems)", sourceLocation: sourceLocation)
        for _ in 0..<2 {
            let refused = try await harness.run { try await Self.refused($0, 40) }
            #expect(refused == Array(lost), sourceLocation: sourceLocation)
        }
        let result = try await harness.run { try await $0.append(["more"], to: "t") }
        #expect(result.baseOffset >= Offset(40), sourceLocation: sourceLocation)
        let after = try await harness.run { storage in
            try await storage.read("t", from: result.baseOffset.value)
        }
        #expect(after.map(\.1) == ["more"], sourceLocation: sourceLocation)
    }

    /// Where a batch of a segment lies.
    private func batch(_ index: Int, of segment: Int, in harness: StorageHarness) async throws -> (
        name: String, offset: Int64, position: Int
    ) {
        let name = try harness.segments("t-0")[segment].name
        let lines = try await harness.dump(name).filter { $0.hasPrefix("baseOffset") }
        return (
            name, Int64(try #require(number("lastOffset", in: lines[index]))),
            try #require(number("position", in: lines[index]))
        )
    }

    /// In the records, in the length, and in the base offset, which the CRC-32C does not cover.
    @Test(arguments: [5_000, 10, 2], [1, 3])
    func aFlippedByteInASegment(place: Int, segment: Int) async throws {
        let harness = try await filled()
        let (name, offset, position) = try await batch(3, of: segment, in: harness)
        try harness.flip(name, at: position + place)
        try await expectDamage(offset...offset, in: harness)
    }

    @Test func aClosedSegmentIsCutShort() async throws {
        let harness = try await filled()
        let (name, offset, position) = try await batch(3, of: 1, in: harness)
        let next = try harness.segments("t-0")[2].base
        try harness.cut(name, to: position + 100)
        try await expectDamage(offset...(next - 1), in: harness)
    }

    @Test func aSegmentIsGone() async throws {
        let harness = try await filled()
        let segments = try harness.segments("t-0")
        try harness.remove(segments[1].name)
        try await expectDamage(segments[1].base...(segments[2].base - 1), in: harness)
    }

    @Test func theFirstSegmentIsGone() async throws {
        let harness = try await filled()
        let segments = try harness.segments("t-0")
        try harness.remove(segments[0].name)
        let report = try await harness.verify()
        #expect(report.problems.map(\.last) == [Offset(segments[1].base - 1)])
        try await harness.run { storage in
            let result = try await storage.append(["more"], to: "t")
            #expect(result.baseOffset == Offset(40))
            let log = try storage.partition(TopicPartition(topic: try TopicName("t"), partition: 0))
            #expect(await log.storage.state(of: log).damage.map(\.first) == [.zero])
        }
    }

    @Test func theActiveSegmentIsCutBelowTheCheckpoint() async throws {
        let harness = try await filled()
        let (name, offset, position) = try await batch(2, of: try harness.segments("t-0").count - 1, in: harness)
        try harness.cut(name, to: position + 100)
        try await expectDamage(offset...39, in: harness)
    }

    /// The journal holds batches for a segment that is cut below what the checkpoint says. They
    /// were acknowledged, so they go into the segment behind the damage, and what went straight to
    /// the lost part is named as lost.
    @Test func theJournalGoesOnBehindDamage() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            _ = try await storage.create(try TopicName("t"), partitionCount: 1, config: TopicConfig())
            for number in 0..<10 { try await storage.append(["\(number)"], to: "t") }
        }
        let lines = try await harness.dump("t-0/00000000000000000000.log")
        let position = try #require(number("position", in: lines[2 + 5]))
        try await harness.run(crash: true) { storage in
            for number in 10..<20 { try await storage.append(["\(number)"], to: "t") }
            try await storage.append([String(repeating: "x", count: 200_000)], to: "t")
            for number in 21..<25 { try await storage.append(["\(number)"], to: "t") }
        }
        try harness.cut("t-0/00000000000000000000.log", to: position + 3)
        let report = try await harness.verify()
        #expect(report.problems.map(\.first) == [Offset(5)])
        #expect(report.problems.map(\.last) == [Offset(9)])
        for _ in 0..<2 {
            try await harness.run { storage in
                let refused = try await Self.refused(storage, 25)
                #expect(refused == [5, 6, 7, 8, 9, 20])
                let log = try storage.partition(TopicPartition(topic: try TopicName("t"), partition: 0))
                #expect(await log.storage.state(of: log).highWatermark == Offset(25))
                let found = try await storage.read("t", from: 21)
                #expect(found.map(\.1) == ["21", "22", "23", "24"])
            }
        }
    }

    /// An index is a hint: one that is damaged, even so that it looks well, leads to the same
    /// records.
    @Test func damagedIndexesAreMadeAgain() async throws {
        let harness = try StorageHarness()
        try await harness.run { storage in
            _ = try await storage.create(
                try TopicName("t"), partitionCount: 1, config: try config(["index.interval.bytes": "0"]))
            for number in 0..<100 {
                try await storage.append(["\(number) one", "\(number) two"], to: "t", at: Int64(number))
            }
        }
        let index = "t-0/00000000000000000000.index"
        let whole = try harness.bytes(index)
        #expect(whole.count > 90 * 8)
        // Each entry leads to the next entry's batch, a few bytes into its own batch, or nowhere.
        var shifted = whole
        for entry in 0..<(whole.count / 8 - 1) {
            shifted[(entry * 8 + 4)..<(entry * 8 + 8)] = whole[((entry + 1) * 8 + 4)..<((entry + 1) * 8 + 8)]
        }
        shifted.removeLast(8)
        var inside = whole
        for entry in 0..<(whole.count / 8) { inside[entry * 8 + 7] ^= 3 }
        for damaged in [shifted, inside, [], Array(whole.dropLast(3)), whole.map { ~$0 }] {
            try harness.replace(index, with: damaged)
            if damaged.count > 0 {
                #expect(try await harness.verify().problems.map(\.kind) == [.index])
            }
            try await harness.run { storage in
                for offset in stride(from: Int64(0), to: 200, by: 7) {
                    let found = try await storage.read("t", from: offset)
                    #expect(found.first?.0 == offset)
                    #expect(found.count == 200 - Int(offset))
                }
                let log = try storage.partition(TopicPartition(topic: try TopicName("t"), partition: 0))
                var cursor = try await log.storage.cursor(at: .zero, of: log)
                var bytes = 0
                while let (slice, next) = try await log.storage.read(from: cursor, of: log, bytesMax: 300) {
                    bytes += slice.count
                    cursor = next
                }
                let size = try harness.bytes("t-0/00000000000000000000.log").count
                #expect(bytes == size)
            }
            #expect(try await harness.verify().isIntact)
        }
    }

    @Test(arguments: ["journal/shard-0.checkpoint", "topics.millrace"])
    func aDamagedFileRefusesTheStart(name: String) async throws {
        let harness = try await filled()
        let whole = try harness.bytes(name)
        for damaged in [Array(whole.dropLast(4)), whole.map { $0 == 0x30 ? 0x31 : $0 }, []] {
            try harness.replace(name, with: damaged)
            let error = await #expect(throws: StorageError.self) { try await harness.run { _ in } }
            #expect(error?.description.contains(name) == true, "\(String(describing: error))")
            #expect(error?.description.contains("damaged") == true)
            let report = try await harness.verify()
            #expect(report.problems.contains { $0.kind == .recovery && $0.file.string.hasSuffix(name) })
        }
        try harness.replace(name, with: whole)
        let found = try await harness.run { try await $0.read("t") }
        #expect(found.count == 40)
    }

    @Test func aNewerFormatIsRefused() async throws {
        let harness = try await filled()
        let text = String(decoding: try harness.bytes("topics.millrace"), as: UTF8.self)
        let newer = text.replacing("millrace-topics 1", with: "millrace-topics 2")
        try harness.replace("topics.millrace", with: Array(newer.utf8))
        let error = await #expect(throws: StorageError.self) { try await harness.run { _ in } }
        #expect(error?.description.contains("format version 2") == true)
        #expect(error?.description.contains("newer Millrace") == true)
    }

    private func journaled() async throws -> (StorageHarness, Messages, String, [Int]) {
        let messages = Messages()
        let harness = try StorageHarness(messages: messages)
        try await harness.run(crash: true) { storage in
            _ = try await storage.create(try TopicName("t"), partitionCount: 1, config: TopicConfig())
            for number in 0..<20 { try await storage.append(["\(number)"], to: "t") }
        }
        let journal = try #require(try harness.journals().first)
        let groups = try await harness.dump(journal).filter { $0.hasPrefix("group") }
        #expect(groups.count == 20)
        return (harness, messages, journal, groups.compactMap { number("position", in: $0) })
    }

    /// The last group cannot be told from one that a power cut tore, which was never acknowledged.
    @Test func theLastJournalGroupIsTorn() async throws {
        let (harness, _, journal, groups) = try await journaled()
        try harness.flip(journal, at: groups[19] + 110)
        #expect(try await harness.verify().isIntact)
        try await harness.run { storage in
            let found = try await storage.read("t").map(\.1)
            #expect(found == (0..<19).map { "\($0)" })
            let next = try await storage.append(["next"], to: "t").baseOffset
            #expect(next == Offset(19))
        }
    }

    /// A later group says that this one was acknowledged, so the segments are asked for what it
    /// held.
    @Test func anAcknowledgedJournalGroupIsDamaged() async throws {
        let (harness, messages, journal, groups) = try await journaled()
        try harness.flip(journal, at: groups[10] + 110)
        let report = try await harness.verify()
        #expect(report.problems.map(\.kind) == [.recovery])
        #expect(report.problems.first?.position == UInt64(groups[10]))
        try await harness.run { storage in
            let found = try await storage.read("t").map(\.1)
            #expect(found == (0..<20).map { "\($0)" })
            let next = try await storage.append(["next"], to: "t").baseOffset
            #expect(next == Offset(20))
        }
        #expect(messages.all.contains { $0.contains("a journal is damaged") })
    }
}
