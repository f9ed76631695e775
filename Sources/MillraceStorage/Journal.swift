internal import DequeModule
internal import MillraceBytes
internal import MillraceModel
internal import MillraceShard
internal import SystemPackage

/// The state of a shard's journal: which file is being filled, which are free, which groups are
/// under way.
///
/// Files are written with zeros before their first use and recycled after it, so that a group costs
/// one write of blocks the file already has. A file is free again when every segment that its
/// entries went to is synchronised and a checkpoint says so. `StorageShard` does the I/O.
final class Journal {
    /// One file of the journal.
    final class JournalFile: @unchecked Sendable {
        let file: File
        let number: Int
        var generation: UInt64 = 0
        /// Where the next group goes.
        var position: UInt64 = 0
        /// Runs in it that are not acknowledged yet.
        var unfinishedRuns = 0
        /// The partitions with entries in it, each once.
        var logs: [TopicPartition: PartitionLog] = [:]

        init(_ file: File, number: Int) {
            self.file = file
            self.number = number
        }
    }

    /// A group that was handed to the device.
    final class Group {
        let file: JournalFile
        let runs: [Run]
        var isWritten = false
        var failure: StorageError?

        init(_ file: JournalFile, _ runs: [Run]) {
            self.file = file
            self.runs = runs
        }
    }

    let directory: FilePath
    let shardIndex: Int
    let fileBytes: UInt64
    let fileCountMax: Int
    /// One for each group that may be under way at a time.
    let buffers: [AlignedBuffer]
    /// Whether the device writes from them without mapping them anew.
    var areRegistered = false
    /// Whether writes pass the page cache; a file system may refuse that.
    var isDirect = true

    var current: JournalFile?
    var isSwitching = false
    var free: Deque<JournalFile> = []
    var fileCount = 0
    var nextNumber = 0
    /// Files of earlier generations have nothing to say to recovery.
    let firstGeneration: UInt64
    var nextGeneration: UInt64
    var nextSequence: UInt64 = 1
    /// Groups up to this were acknowledged.
    var stableSequence: UInt64 = 0
    /// In the order of their sequences.
    var groups: Deque<Group> = []
    /// A write failed: nothing durable is taken until a restart has recovered what is known.
    var failure: StorageError?

    let changed: Signal

    static let groupBytesMax = 1 << 20
    static let groupsInFlightMax = 2

    init(directory: FilePath, shard: Shard, fileBytes: Int, fileCountMax: Int, generation: UInt64) {
        self.directory = directory
        shardIndex = shard.index
        self.fileBytes = UInt64(JournalFormat.aligned(max(fileBytes, 2 * Self.groupBytesMax)))
        self.fileCountMax = max(2, fileCountMax)
        firstGeneration = generation
        nextGeneration = generation
        buffers = (0..<Self.groupsInFlightMax).map { _ in
            AlignedBuffer(count: Self.groupBytesMax)
        }
        changed = Signal(on: shard)
    }

    static func fileName(shard: Int, number: Int) -> String { "shard-\(shard)-\(number).journal" }

    /// The shard in the name of a journal file; nil for any other name.
    static func shard(inName name: String) -> Int? { numbers(inName: name)?.shard }

    /// The file's own number in its name; nil for any other name.
    static func number(inName name: String) -> Int? { numbers(inName: name)?.number }

    private static func numbers(inName name: String) -> (shard: Int, number: Int)? {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "shard", parts[2].hasSuffix(".journal"),
            let shard = Int(parts[1]), let number = Int(parts[2].dropLast(8)),
            fileName(shard: shard, number: number) == name
        else { return nil }
        return (shard, number)
    }
}

/// Fills one buffer with the entries of a group.
struct GroupBuilder {
    private let buffer: AlignedBuffer
    private(set) var count = JournalFormat.groupHeaderSize
    private(set) var entryCount = 0
    private(set) var runs: [Run] = []

    init(_ buffer: AlignedBuffer) { self.buffer = buffer }

    /// How many bytes of batches still fit, with the header of their entry.
    var room: Int { buffer.count - count - JournalFormat.entryHeaderSize }

    /// Adds a run: with its bytes, or as a note of where they are.
    mutating func add(_ run: Run, _ kind: JournalFormat.Kind) {
        let entry = JournalFormat.EntryHeader(
            topic: run.log.topic, partition: run.log.partition.partition, kind: kind,
            baseOffset: run.baseOffset, nextOffset: run.nextOffset,
            segment: run.segment.baseOffset, position: run.position, count: UInt32(run.bytes))
        JournalFormat.write(entry, to: buffer.pointer + count)
        count += JournalFormat.entryHeaderSize
        if kind == .batches {
            for append in run.appends {
                (buffer.pointer + count).copyMemory(
                    from: append.batch.bytes.baseAddress!, byteCount: append.batch.count)
                count += append.batch.count
            }
        }
        entryCount += 1
        runs.append(run)
    }

    /// The bytes to write, padded to whole blocks.
    func finish(
        generation: UInt64, sequence: UInt64, stableSequence: UInt64
    ) -> UnsafeRawBufferPointer {
        JournalFormat.write(
            .init(
                generation: generation, sequence: sequence, stableSequence: stableSequence,
                bytes: UInt32(count - JournalFormat.groupHeaderSize),
                entryCount: UInt32(entryCount)), to: buffer.pointer)
        let padded = JournalFormat.aligned(count)
        (buffer.pointer + count).initializeMemory(
            as: UInt8.self, repeating: 0, count: padded - count)
        return UnsafeRawBufferPointer(start: buffer.pointer, count: padded)
    }
}
