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

        @Argument var path: String

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

        @Argument(help: "A data directory, or one partition's directory in it.")
        var directory: String

        @Flag(help: "Go on although a broker has the directory open; what it writes may look damaged.")
        var evenIfInUse = false

        func run() async throws {
            let (directory, evenIfInUse) = (FilePath(directory), evenIfInUse)
            let report = try await onShard { shard in
                try await LogVerifier.verify(directory, evenIfInUse: evenIfInUse, on: shard)
            }
            for note in report.notes { print("note: \(note)") }
            for problem in report.problems { print("damaged: \(problem)") }
            print(
                """
                \(report.partitionCount) partitions, \(report.segmentCount) segments, \
                \(report.batchCount) batches, \(report.recordCount) records, \
                \(report.sizeInBytes) bytes, \(report.problems.count) damaged
                """)
            if !report.isIntact { throw ExitCode(1) }
        }
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
