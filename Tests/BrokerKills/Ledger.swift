import MillraceClient
import Synchronization

/// A record's value: who wrote it, and as which of its partition.
struct Mark: Hashable {
    let producer: Int
    let number: Int

    /// Some text behind it, so that batches have a size.
    var value: [UInt8] { Array("\(producer) \(number) \(String(repeating: "x", count: number % 200))".utf8) }

    init(producer: Int, number: Int) {
        self.producer = producer
        self.number = number
    }

    init(parsing value: some Collection<UInt8>) throws {
        let words = value.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count == 3, let producer = Int(String(decoding: words[0], as: UTF8.self)),
            let number = Int(String(decoding: words[1], as: UTF8.self))
        else { throw Failure("a record that nobody wrote: '\(String(decoding: value, as: UTF8.self))'") }
        self.init(producer: producer, number: number)
        guard value.elementsEqual(self.value) else {
            throw Failure("record \(number) of producer \(producer) is not what it wrote")
        }
    }
}

/// The log as it is at the end.
struct LogReading {
    /// The record at each offset, by partition.
    private(set) var records: [Int32: [Mark]] = [:]
    private let producers: Int

    init(producers: Int) { self.producers = producers }

    mutating func read(_ value: some Collection<UInt8>, partition: Int32, offset: Offset) throws {
        let mark = try Mark(parsing: value)
        let count = records[partition, default: []].count
        guard offset == Offset(Int64(count)) else {
            throw Failure("partition \(partition): offset \(offset) comes where \(count) should")
        }
        records[partition, default: []].append(mark)
    }

    /// How many records each producer has in a partition, if they are there once and in their order.
    func counts(_ partition: Int32) throws -> [Int] {
        var next = Array(repeating: 0, count: producers)
        for (offset, mark) in records[partition, default: []].enumerated() {
            guard mark.number == next[mark.producer] else {
                throw Failure(
                    "partition \(partition), offset \(offset): record \(mark.number) of producer \(mark.producer) "
                        + "comes where \(next[mark.producer]) should; "
                        + (mark.number < next[mark.producer] ? "it is there twice" : "those between are lost"))
            }
            next[mark.producer] += 1
        }
        return next
    }
}

/// What the producers have sent and the group has consumed.
final class Ledger: Sendable {
    struct Outcome {
        let records: Int
        /// How many of them the group was given more than once.
        let again: Int
    }

    private struct State {
        /// By producer and partition.
        var sent: [[Int]]
        var acknowledgements = 0
        var finished: Set<Int> = []
        /// By partition and offset: what it was, and how often it came.
        var consumed: [[Offset: (mark: Mark, count: Int)]]
    }

    private let state: Mutex<State>

    init(producers: Int, partitions: Int) {
        state = Mutex(
            State(
                sent: Array(repeating: Array(repeating: 0, count: partitions), count: producers),
                consumed: Array(repeating: [:], count: partitions)))
    }

    /// Values that no other record has.
    func nextValues(producer: Int, partition: Int32, count: Int) -> [[UInt8]] {
        let first = state.withLock { state in
            state.sent[producer][Int(partition)] += count
            return state.sent[producer][Int(partition)] - count
        }
        return (first..<first + count).map { Mark(producer: producer, number: $0).value }
    }

    /// A producer has flushed all it has sent.
    func acknowledged(producer: Int) { state.withLock { $0.acknowledgements += 1 } }

    /// A producer has closed, all it has sent acknowledged.
    func finished(producer: Int) {
        state.withLock { state in
            state.acknowledgements += 1
            state.finished.insert(producer)
        }
    }

    func consumed(_ value: some Collection<UInt8>, partition: Int32, offset: Offset) throws {
        let mark = try Mark(parsing: value)
        let before = state.withLock { state in
            let before = state.consumed[Int(partition)][offset]
            state.consumed[Int(partition)][offset] = (mark, (before?.count ?? 0) + 1)
            return before
        }
        guard let before, before.mark != mark else { return }
        throw Failure("partition \(partition), offset \(offset) was \(before.mark) once and is \(mark)")
    }

    private var consumedCount: Int { state.withLock { $0.consumed.reduce(0) { $0 + $1.count } } }
    private var sentCount: Int { state.withLock { $0.sent.joined().reduce(0, +) } }
    private var acknowledgements: Int { state.withLock { $0.acknowledgements } }

    /// Waits until something more has been acknowledged and something more consumed.
    func waitForProgress(within patience: Duration) async throws {
        let (acknowledged, consumed) = (acknowledgements, consumedCount)
        try await wait(patience, "nothing is acknowledged or nothing consumed after a kill") {
            acknowledgements > acknowledged && consumedCount > consumed
        }
    }

    func waitUntilAllIsConsumed(within patience: Duration) async throws {
        try await wait(patience, "the group has not consumed all that was sent") {
            state.withLock { $0.finished.count == $0.sent.count } && consumedCount == sentCount
        }
    }

    private func wait(_ patience: Duration, _ failure: String, _ isDone: () -> Bool) async throws {
        let giveUp = ContinuousClock.now + patience
        while !isDone() {
            guard ContinuousClock.now < giveUp else {
                throw Failure("\(failure): \(consumedCount) of \(sentCount) consumed in \(patience)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The log against what was sent, and what was consumed against the log.
    func compare(with log: LogReading) throws -> Outcome {
        let state = state.withLock { $0 }
        var records = 0
        var again = 0
        for (partition, consumed) in state.consumed.enumerated() {
            let counts = try log.counts(Int32(partition))
            for (producer, count) in counts.enumerated() where count != state.sent[producer][partition] {
                throw Failure(
                    "partition \(partition) has \(count) records of producer \(producer), "
                        + "\(state.sent[producer][partition]) were acknowledged")
            }
            for (offset, mark) in log.records[Int32(partition), default: []].enumerated() {
                guard let seen = consumed[Offset(Int64(offset))], seen.mark == mark else {
                    throw Failure("partition \(partition), offset \(offset) was not consumed as it is in the log")
                }
                if seen.count > 1 { again += 1 }
            }
            records += counts.reduce(0, +)
        }
        return Outcome(records: records, again: again)
    }
}
