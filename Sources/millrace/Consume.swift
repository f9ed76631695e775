internal import ArgumentParser
internal import Foundation
internal import MillraceClient

/// `millrace consume`: prints the records of a topic.
struct Consume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the values of a topic's records, each with a newline.",
        discussion: """
            Partitions are printed one after another, each to the end of its log; with --follow \
            together and as records come. --format has kcat's fields: %s value, %k key, %o offset, \
            %p partition, %t topic, %T timestamp, %h headers, %S and %K sizes.
            """)

    @Argument(completion: .topics) var topic: String

    @Option(
        help: """
            beginning, end, an offset, or @TIME: milliseconds since 1970 or ISO 8601. (default: \
            where the group is, or beginning)
            """)
    var from: String?

    @Option(help: "One partition. (default: all)")
    var partition: Int32?

    @Option(help: "Go on where this group is, and commit how far it came.")
    var group: String?

    @Option(help: "Stop after so many records.")
    var maxRecords: Int?

    @Option(help: "How a record is printed; no delimiter is added.")
    var format: String?

    @Option(help: "What follows each value; \\n, \\t and \\0 are understood. (default: a newline)")
    var delimiter: String?

    @Flag(help: "Wait for records at the end of the log.")
    var follow = false

    @OptionGroup var client: ClientOptions

    func run() async throws {
        if let maxRecords, maxRecords < 0 {
            throw CommandError("--max-records \(maxRecords): use a number from 0 on")
        }
        if format != nil, delimiter != nil {
            throw CommandError("--delimiter goes with values; put it into --format instead")
        }
        let start = try from.map { try StartPosition(argument: $0, option: "--from") }
        let format = try format.map { try RecordFormat($0) }
        let broker = try await client.connect()
        let description = try await broker.existingTopic(topic)
        let partitions = try description.partitions(chosen: partition)
        let printer = RecordPrinter(
            topic: topic, format: format, delimiter: delimiter.map(Self.unescaped) ?? [10],
            recordCountMax: maxRecords, broker: broker, group: group)
        let committed = try await committed(broker)
        do {
            let starts = starts(partitions, start, committed)
            if follow {
                try await follow(partitions, from: starts, broker, printer)
            } else {
                try await read(partitions, from: starts, broker, printer)
            }
        } catch is OutputClosed {
            // Whoever reads has seen enough.
        } catch {
            // What came before the failure is printed, and the group's, all the same.
            try? await printer.finish()
            throw error
        }
        try await printer.finish()
        await broker.close()
    }

    private func starts(
        _ partitions: [Int32], _ start: StartPosition?, _ committed: [Int32: Offset]
    ) -> [Int32: StartPosition] {
        var starts: [Int32: StartPosition] = [:]
        for number in partitions {
            starts[number] = start ?? committed[number].map { .offset($0) } ?? .beginning
        }
        return starts
    }

    /// One partition after another, each to its end.
    private func read(
        _ partitions: [Int32], from starts: [Int32: StartPosition], _ broker: MillraceClient,
        _ printer: RecordPrinter
    ) async throws {
        for number in partitions where await !printer.isFull {
            let subscription = try broker.subscribe(
                to: topic, partition: number, from: starts[number] ?? .beginning)
            for try await batch in subscription {
                guard try await printer.print(batch, number, flushing: false) else { break }
            }
        }
    }

    /// All partitions together, as records come.
    private func follow(
        _ partitions: [Int32], from starts: [Int32: StartPosition], _ broker: MillraceClient,
        _ printer: RecordPrinter
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for number in partitions {
                let subscription = try broker.subscribe(
                    to: topic, partition: number, from: starts[number] ?? .beginning,
                    following: true)
                tasks.addTask {
                    for try await batch in subscription {
                        guard try await printer.print(batch, number, flushing: true) else { break }
                    }
                    // One partition that has printed enough ends them all.
                    throw OutputClosed()
                }
            }
            // The first error leaves the group, which cancels the others; `waitForAll` would wait for them.
            while try await tasks.next() != nil {}
        }
    }

    private func committed(_ broker: MillraceClient) async throws -> [Int32: Offset] {
        guard let group else { return [:] }
        let offsets = try await broker.committedOffsets(of: group, topic: topic)
        return Dictionary(offsets.map { ($0.partition, $0.offset) }) { $1 }
    }

    static func unescaped(_ text: String) -> [UInt8] {
        Array(
            text.replacingOccurrences(of: "\\n", with: "\n")
                .replacingOccurrences(of: "\\t", with: "\t")
                .replacingOccurrences(of: "\\0", with: "\0").utf8)
    }
}

/// Prints batches, and commits for a group what has reached the output.
private actor RecordPrinter {
    private let topic: String
    private let format: RecordFormat?
    private let delimiter: [UInt8]
    private let recordCountMax: Int?
    private let broker: MillraceClient
    private let group: String?
    private var output = Output()
    private var recordCount = 0
    /// Where each partition goes on after what was printed, if that is not committed yet.
    private var printed: [Int32: Offset] = [:]
    private var recordsSinceCommit = 0

    private static let recordsPerCommit = 100_000

    init(
        topic: String, format: RecordFormat?, delimiter: [UInt8], recordCountMax: Int?,
        broker: MillraceClient, group: String?
    ) {
        self.topic = topic
        self.format = format
        self.delimiter = delimiter
        self.recordCountMax = recordCountMax
        self.broker = broker
        self.group = group
    }

    var isFull: Bool { recordCountMax.map { recordCount >= $0 } ?? false }

    /// - Returns: whether more is wanted.
    func print(_ batch: ReceivedBatch, _ partition: Int32, flushing: Bool) async throws -> Bool {
        guard !isFull else { return false }
        var next = batch.nextOffset
        try batch.forEachRecord { record in
            guard !isFull else {
                next = min(next, record.offset)
                return
            }
            recordCount += 1
            recordsSinceCommit += 1
            if let format {
                try format.write(record, topic: topic, partition: partition, to: &output)
            } else {
                if let value = record.valueBytes { try output.append(value) }
                try output.append(delimiter)
            }
        }
        printed[partition] = next
        if flushing { try output.flush() }
        if flushing || recordsSinceCommit >= Self.recordsPerCommit { try await commit() }
        return !isFull
    }

    func finish() async throws {
        do {
            try await commit()
        } catch is OutputClosed {
            // Nothing of what was not seen is committed.
        }
    }

    private func commit() async throws {
        try output.flush()
        recordsSinceCommit = 0
        guard let group, !printed.isEmpty else { return }
        let name = try TopicName(topic)
        let offsets = printed.sorted { $0.key < $1.key }.map {
            CommittedOffset(topic: name, partition: $0.key, offset: $0.value)
        }
        printed = [:]
        try await broker.commit(offsets, for: group)
    }
}
