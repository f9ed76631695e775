internal import ArgumentParser
internal import Foundation
internal import MillraceClient

/// `millrace produce`: one record a line.
struct Produce: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Append the lines of a file or of standard input to a topic, one record a line.")

    @Argument(completion: .topics) var topic: String

    @Option(help: "A file, or - for standard input.", completion: .file())
    var file: String = "-"

    @Option(help: "What stands between key and value in a line; without it lines are values.")
    var keySeparator: String?

    @Option(help: "The partition for all records. (default: by key, or one after the other)")
    var partition: Int32?

    @Option(
        help: "none, gzip, snappy, lz4 or zstd.",
        completion: .list(["none", "gzip", "snappy", "lz4", "zstd"]))
    var compression: String = "none"

    @OptionGroup var client: ClientOptions

    func run() async throws {
        guard let codec = CompressionCodec(name: compression) else {
            throw CommandError(
                "--compression \(compression): use none, gzip, snappy, lz4 or zstd")
        }
        if keySeparator?.isEmpty == true { throw CommandError("--key-separator is empty") }
        var lines = try LineReader(path: file)
        let broker = try await client.connect()
        _ = try await broker.existingTopic(
            topic, otherwise: "`millrace topic create \(topic)` makes it")
        let producer = try await broker.producer(
            topic: topic, options: ProducerOptions(compression: codec))
        var progress = Progress(of: lines.size)
        let separator = keySeparator.map { Array($0.utf8) }
        do {
            while let line = try lines.next() {
                try await producer.send(at: Self.now) { sink throws(ClientError) in
                    var next: UnsafeRawBufferPointer? = line
                    while let line = next {
                        let (key, value) = Self.split(line, at: separator)
                        try sink.append(key: key, value: value, partition: partition)
                        next = lines.nextWithoutReading()
                    }
                }
                progress.show(lines.byteCount)
            }
        } catch ClientError.recordTooLarge(let topic, let bytes, let limit) {
            // The lines before it are sent all the same.
            try await producer.close()
            let error = ClientError.recordTooLarge(topic: topic, bytes: bytes, limit: limit)
            throw CommandError("line \(lines.lineCount): \(error)")
        } catch let error as CommandError {
            // The input cannot be read any further.
            try await producer.close()
            throw error
        }
        let receipts = try await producer.close()
        progress.end(lines.byteCount)
        for receipt in receipts {
            FileHandle.standardError.write(
                Data(
                    """
                    partition \(receipt.partition): \(receipt.recordCount) records, offsets \
                    \(receipt.firstOffset) to \(receipt.lastOffset), \
                    \(receipt.durability.rawValue)\n
                    """.utf8))
        }
        await broker.close()
    }

    private static var now: Timestamp {
        Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }

    /// A line without the separator is a value without a key.
    private static func split(
        _ line: UnsafeRawBufferPointer, at separator: [UInt8]?
    ) -> (key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer) {
        guard let separator, let keyCount = firstPlace(of: separator, in: line) else {
            return (nil, line)
        }
        return (
            UnsafeRawBufferPointer(rebasing: line[..<keyCount]),
            UnsafeRawBufferPointer(rebasing: line[(keyCount + separator.count)...])
        )
    }

    private static func firstPlace(of text: [UInt8], in line: UnsafeRawBufferPointer) -> Int? {
        guard line.count >= text.count, let base = line.baseAddress else { return nil }
        var from = 0
        while from <= line.count - text.count {
            let count = line.count - text.count - from + 1
            guard let found = memchr(base + from, Int32(text[0]), count) else { return nil }
            let place = UnsafeRawPointer(found) - base
            if memcmp(base + place, text, text.count) == 0 { return place }
            from = place + 1
        }
        return nil
    }
}

/// A bar on standard error, where that is a terminal.
struct Progress {
    private let total: Int?
    private let isShown = isatty(2) == 1
    private var last = Date.distantPast

    init(of total: Int?) { self.total = total }

    mutating func show(_ done: Int) {
        guard isShown, Date().timeIntervalSince(last) > 0.1 else { return }
        last = Date()
        draw(done, "\r")
    }

    func end(_ done: Int) { if isShown { draw(done, "\r\n") } }

    private func draw(_ done: Int, _ end: String) {
        let megabytes = String(format: "%.1f MB", Double(done) / 1e6)
        var text = megabytes
        if let total, total > 0 {
            let filled = min(30, done * 30 / total)
            text =
                "[" + String(repeating: "=", count: filled)
                + String(repeating: " ", count: 30 - filled) + "] \(megabytes)"
        }
        FileHandle.standardError.write(Data((text + end).utf8))
    }
}
