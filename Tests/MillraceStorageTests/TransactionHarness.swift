import Foundation
import MillraceBytes
import MillraceModel
import MillraceRecords
@testable import MillraceStorage
import Testing

/// A transactional producer as the log sees one; what the coordinator says is taken for granted.
struct TransactionalProducer: Sendable {
    let id: Int64
    var epoch: Int16 = 0
    var sequence: Int32 = 0

    init(id: Int64) { self.id = id }

    /// - Parameter key: of each record.
    func batch(_ values: [String], key: String? = nil) throws -> ByteSlice {
        let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        var builder = RecordBatchBuilder()
        for value in values {
            try builder.append(Record(key: key.map { Array($0.utf8) }, value: Array(value.utf8)), now: now)
        }
        let bytes = try builder.finish(
            producer: ProducerState(
                id: ProducerID(id), epoch: ProducerEpoch(epoch), baseSequence: sequence),
            isTransactional: true)
        return bytes.withUnsafeBytes { ByteSlice(copying: $0) }
    }

    mutating func send(
        _ values: [String], key: String? = nil, to storage: Storage
    ) async throws {
        let log = try storage.log()
        let batch = try batch(values, key: key)
        let verification = await log.storage.verification(for: ProducerID(id), in: log)
        _ = try await log.storage.append(batch, to: log, verification: verification).result()
        sequence += Int32(values.count)
    }

    func end(isCommit: Bool, in storage: Storage) async throws {
        let log = try storage.log()
        let marker = TransactionMarker(
            producerID: ProducerID(id), producerEpoch: ProducerEpoch(epoch), isCommit: isCommit)
        _ = try await log.storage.end(marker, in: log).result()
    }
}

extension Storage {
    func lastStableOffset() async throws -> Offset {
        let log = try log()
        return await log.storage.lastStableOffset(of: log)
    }

    func expectStable(_ offset: Offset, _ place: SourceLocation = #_sourceLocation) async throws {
        let found = try await lastStableOffset()
        #expect(found == offset, sourceLocation: place)
    }

    func expectCommitted(
        _ values: [String], from first: Offset = .zero, bytesMax: Int = 1 << 20,
        _ place: SourceLocation = #_sourceLocation
    ) async throws {
        let found = try await committed(from: first, bytesMax: bytesMax)
        // What is wrong is told, not all that is right.
        let difference = found.difference(from: values).map { "\($0)".prefix(80) }
        #expect(found == values, "\(difference.prefix(5))", sourceLocation: place)
    }

    /// What a Kafka consumer of committed records gives out, from an offset on and so many bytes at a time.
    func committed(from first: Offset = .zero, bytesMax: Int) async throws -> [String] {
        let log = try log()
        var found: [String] = []
        var offset = first
        while true {
            let part = FetchPart(log: log, offset: offset, bytesMax: bytesMax, isCommitted: true)
            let fetched = await log.storage.fetch([part], bytesMax: bytesMax, isEmpty: true, watch: nil)
            let next = try await Self.take(fetched[0], from: offset, into: &found)
            guard let next else { return found }
            offset = next
        }
    }

    private static func take(
        _ part: FetchedPart, from offset: Offset, into found: inout [String]
    ) async throws -> Offset? {
        guard let range = try part.outcome.get() else { return nil }
        let buffer = AlignedBuffer(count: range.count)
        let count = try await range.file.read(into: buffer.mutableBytes, at: range.position)
        #expect(count == range.count)
        var waiting = part.aborted[...]
        var aborted: Set<ProducerID> = []
        var next = offset
        var batches = BatchSequence(buffer.bytes, limit: buffer.count, verifiesChecksums: true)
        while let batch = try batches.next() {
            let header = batch.header
            #expect(header.nextOffset <= part.lastStableOffset)
            while let first = waiting.first, first.firstOffset <= header.lastOffset {
                aborted.insert(first.producer)
                waiting.removeFirst()
            }
            next = header.nextOffset
            let view = try RecordBatchView(borrowing: batch.bytes)
            if header.isControl {
                if try TransactionMarker(view)?.isCommit == false { aborted.remove(header.producerID) }
                continue
            }
            if header.isTransactional, aborted.contains(header.producerID) { continue }
            try view.forEachRecord { record in
                guard record.offset >= offset else { return }
                found.append(String(decoding: record.value ?? [], as: UTF8.self))
            }
        }
        return next
    }
}

/// Producers that do this and that, and what is committed of it.
struct TransactionStory: Sendable {
    struct Chance: RandomNumberGenerator, Sendable {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private struct Written: Sendable {
        let offset: Int64
        let value: String
        let producer: Int64?
        /// nil while its transaction is open.
        var isCommitted: Bool?
    }

    var chance: Chance
    private var producers = (0..<4).map { TransactionalProducer(id: $0) }
    private var records: [Written] = []
    private var end: Int64 = 0
    private var count = 0
    private(set) var abortedCount = 0

    init(seed: UInt64) { chance = Chance(state: seed) }

    private var lastStableOffset: Int64 {
        records.first { $0.isCommitted == nil }?.offset ?? end
    }

    var expected: [String] {
        let stable = lastStableOffset
        return records.filter { $0.offset < stable && $0.isCommitted == true }.map(\.value)
    }

    mutating func step(_ storage: Storage) async throws {
        let values = (0..<Int.random(in: 1...3, using: &chance)).map { _ in
            count += 1
            let padding = count % 7 == 0 ? 60_000 : 20
            return "\(count) \(String(repeating: "x", count: padding))"
        }
        let place = Int.random(in: 0..<producers.count, using: &chance)
        switch Int.random(in: 0..<10, using: &chance) {
        case 0..<5:
            try await producers[place].send(values, to: storage)
            note(values, producer: Int64(place))
        case 5..<7:
            try await storage.append(values, to: "t", at: Int64(Date().timeIntervalSince1970 * 1000))
            note(values, producer: nil)
        default:
            let isCommit = Bool.random(using: &chance)
            try await producers[place].end(isCommit: isCommit, in: storage)
            end += 1
            for index in records.indices
            where records[index].producer == Int64(place) && records[index].isCommitted == nil {
                records[index].isCommitted = isCommit
                if !isCommit { abortedCount += 1 }
            }
        }
    }

    private mutating func note(_ values: [String], producer: Int64?) {
        for value in values {
            records.append(
                Written(
                    offset: end, value: value, producer: producer, isCommitted: producer == nil ? true : nil))
            end += 1
        }
    }

    mutating func check(_ storage: Storage) async throws {
        try await storage.expectStable(Offset(lastStableOffset))
        let all = expected
        try await storage.expectCommitted(all)
        try await storage.expectCommitted(all, bytesMax: 1)
        // From the middle of things, as a consumer that comes back.
        let first = Int64.random(in: 0...max(0, lastStableOffset), using: &chance)
        let rest = records.filter {
            $0.offset >= first && $0.offset < lastStableOffset && $0.isCommitted == true
        }.map(\.value)
        try await storage.expectCommitted(rest, from: Offset(first), bytesMax: 5000)
    }
}
