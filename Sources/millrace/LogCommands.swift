internal import ArgumentParser
internal import Foundation
internal import MillraceShard
internal import MillraceStorage
internal import SystemPackage

/// `millrace log`: looks into data directories, without a broker.
struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Look into the files of a data directory.",
        subcommands: [Dump.self, Verify.self])

    struct Dump: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print what a file holds, a line for each batch or entry.",
            discussion: """
                PATH is a segment, an index, a journal file, a checkpoint, the list of topics, or a \
                partition's directory, which stands for all files in it.
                """)

        @Argument(completion: .file()) var path: String

        @Flag(help: "A line for each record, too.")
        var records = false

        @Flag(help: "Keys and values of the records, too.")
        var payloads = false

        func run() async throws {
            let (path, records, payloads) = (FilePath(path), records, payloads)
            try await onShard { shard in
                let dump = LogDump(showsRecords: records, showsPayloads: payloads, on: shard) {
                    print($0)
                }
                try await dump.dump(path)
            }
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read a whole data directory and name all that is damaged.",
            discussion: "Exits with 1 where anything is. Nothing is changed.")

        @Argument(help: "A data directory, or one partition's directory in it.", completion: .directory)
        var directory: String

        @Flag(help: "Go on although a broker has the directory open; what it writes may look damaged.")
        var evenIfInUse = false

        @OptionGroup var listing: ListingOptions

        func run() async throws {
            let (directory, evenIfInUse) = (FilePath(directory), evenIfInUse)
            let report = try await onShard { shard in
                try await LogVerifier.verify(directory, evenIfInUse: evenIfInUse, on: shard)
            }
            try listing.print(VerificationDocument(report)) { Self.lines(report) }
            if !report.isIntact { throw ExitCode(1) }
        }

        private static func lines(_ report: LogReport) -> String {
            let notes = report.notes.map { "note: \($0)" }
            let problems = report.problems.map { "damaged: \($0)" }
            let sum = """
                \(report.partitionCount) partitions, \(report.segmentCount) segments, \
                \(report.batchCount) batches, \(report.recordCount) records, \
                \(report.sizeInBytes) bytes, \(report.problems.count) damaged
                """
            return (notes + problems + [sum]).joined(separator: "\n")
        }
    }
}

/// What `millrace log verify` prints with --json.
private struct VerificationDocument: Encodable {
    let partitions: Int
    let segments: Int
    let batches: Int
    let records: Int
    let bytes: UInt64
    let notes: [String]
    let damaged: [String]

    init(_ report: LogReport) {
        partitions = report.partitionCount
        segments = report.segmentCount
        batches = report.batchCount
        records = report.recordCount
        bytes = report.sizeInBytes
        notes = report.notes.map { "\($0)" }
        damaged = report.problems.map { "\($0)" }
    }
}

/// Runs the body on a shard that lives as long as it.
private func onShard<Result: Sendable>(
    _ body: @escaping @Sendable (Shard) async throws -> Result
) async throws -> Result {
    let thread = try ShardThread.start(index: 0, processor: nil)
    let result: Swift.Result<Result, any Error> = await withCheckedContinuation { continuation in
        thread.shard.spawn {
            do {
                continuation.resume(returning: .success(try await body(thread.shard)))
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
    }
    thread.stopAndJoin()
    return try result.get()
}
