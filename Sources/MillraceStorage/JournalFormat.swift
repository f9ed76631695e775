internal import MillraceBytes
internal import MillraceModel

/// How the journal looks on disk.
///
/// A journal file is a run of groups, each one write, each at a multiple of 4,096 bytes. A group
/// holds entries, each the batches of one partition that stand together in one segment. All numbers
/// are little-endian.
///
///     group     0  magic "MRJ1"      u32     entry     0  topic id          16 bytes
///               4  crc32c            u32              16  partition         i32
///               8  generation        u64              20  kind              u32
///              16  sequence          u64              24  base offset       i64
///              24  stable sequence   u64              32  next offset       i64
///              32  bytes of entries  u32              40  segment           i64
///              36  entries           u32              48  position          u64
///              40  entries ...                        56  count             u32
///                                                     60  reserved, zero    u32
///                                                     64  bytes (kind 0), none (kind 1)
///
/// The CRC covers everything from the generation to the end of the last entry. A file is recycled
/// whole: the new generation is larger, so what is left of the old one never passes for a part of
/// the new. Sequences grow by one from group to group of one journal, across its files. The stable
/// sequence says that all groups up to it were acknowledged: those that are gone were recycled.
/// Above the largest one found, replay ends at the first gap.
enum JournalFormat {
    static let magic: UInt32 = 0x314A_524D
    static let alignment = 4096
    static let groupHeaderSize = 40
    /// No journal comes to larger generations and sequences, so that arithmetic with what a file
    /// says stays in range.
    static let numberMax: UInt64 = 1 << 62
    /// How far the generations of a new run are beyond those that were found: a torn group hides
    /// the generation of whole ones behind it, which must not pass for groups of the new run.
    static let generationStep: UInt64 = 16
    static let entryHeaderSize = 64

    enum Kind: UInt32 {
        /// The batches follow.
        case batches = 0
        /// The batches went straight to the segment; the entry only says where.
        case note = 1
    }

    struct GroupHeader: Equatable {
        var generation: UInt64
        var sequence: UInt64
        var stableSequence: UInt64
        var bytes: UInt32
        var entryCount: UInt32
    }

    struct EntryHeader: Equatable {
        var topic: TopicID
        var partition: Int32
        var kind: Kind
        var baseOffset: Offset
        var nextOffset: Offset
        var segment: Offset
        var position: UInt64
        var count: UInt32
    }

    static func aligned(_ count: Int) -> Int { (count + alignment - 1) & ~(alignment - 1) }

    static func write(_ entry: EntryHeader, to target: UnsafeMutableRawPointer) {
        target.store(entry.topic.high.littleEndian, at: 0)
        target.store(entry.topic.low.littleEndian, at: 8)
        target.store(entry.partition.littleEndian, at: 16)
        target.store(entry.kind.rawValue.littleEndian, at: 20)
        target.store(entry.baseOffset.value.littleEndian, at: 24)
        target.store(entry.nextOffset.value.littleEndian, at: 32)
        target.store(entry.segment.value.littleEndian, at: 40)
        target.store(entry.position.littleEndian, at: 48)
        target.store(entry.count.littleEndian, at: 56)
        target.store(UInt32(0), at: 60)
    }

    /// Writes the header over a group whose entries are in place, with their CRC.
    static func write(_ group: GroupHeader, to target: UnsafeMutableRawPointer) {
        target.store(magic.littleEndian, at: 0)
        target.store(group.generation.littleEndian, at: 8)
        target.store(group.sequence.littleEndian, at: 16)
        target.store(group.stableSequence.littleEndian, at: 24)
        target.store(group.bytes.littleEndian, at: 32)
        target.store(group.entryCount.littleEndian, at: 36)
        target.store(checksum(target, group.bytes).littleEndian, at: 4)
    }

    private static func checksum(_ group: UnsafeRawPointer, _ bytes: UInt32) -> UInt32 {
        CRC32C.checksum(
            UnsafeRawBufferPointer(start: group + 8, count: groupHeaderSize - 8 + Int(bytes)))
    }

    /// Reads a group header; nil where there is none, or one that says more than `available` bytes.
    static func group(_ bytes: UnsafeRawBufferPointer, available: UInt64) -> GroupHeader? {
        guard bytes.count >= groupHeaderSize, let base = bytes.baseAddress,
            UInt32(littleEndian: base.load32(at: 0)) == magic
        else { return nil }
        let group = GroupHeader(
            generation: UInt64(littleEndian: base.load64(at: 8)),
            sequence: UInt64(littleEndian: base.load64(at: 16)),
            stableSequence: UInt64(littleEndian: base.load64(at: 24)),
            bytes: UInt32(littleEndian: base.load32(at: 32)),
            entryCount: UInt32(littleEndian: base.load32(at: 36)))
        guard UInt64(group.bytes) + UInt64(groupHeaderSize) <= available,
            group.generation <= numberMax, group.sequence <= numberMax,
            group.stableSequence < group.sequence
        else { return nil }
        return group
    }

    /// Whether a whole group is as it was written.
    static func isValid(_ group: GroupHeader, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress, bytes.count >= groupHeaderSize + Int(group.bytes) else {
            return false
        }
        return UInt32(littleEndian: base.load32(at: 4)) == checksum(base, group.bytes)
    }

    /// Reads an entry's header; nil where it does not fit.
    static func entry(_ bytes: UnsafeRawBufferPointer) -> EntryHeader? {
        guard bytes.count >= entryHeaderSize, let base = bytes.baseAddress,
            let kind = Kind(rawValue: UInt32(littleEndian: base.load32(at: 20)))
        else { return nil }
        let entry = EntryHeader(
            topic: TopicID(
                high: UInt64(littleEndian: base.load64(at: 0)),
                low: UInt64(littleEndian: base.load64(at: 8))),
            partition: Int32(bitPattern: UInt32(littleEndian: base.load32(at: 16))),
            kind: kind,
            baseOffset: Offset(Int64(bitPattern: UInt64(littleEndian: base.load64(at: 24)))),
            nextOffset: Offset(Int64(bitPattern: UInt64(littleEndian: base.load64(at: 32)))),
            segment: Offset(Int64(bitPattern: UInt64(littleEndian: base.load64(at: 40)))),
            position: UInt64(littleEndian: base.load64(at: 48)),
            count: UInt32(littleEndian: base.load32(at: 56)))
        let isSane =
            entry.baseOffset >= .zero && entry.nextOffset > entry.baseOffset
            && entry.segment >= .zero && entry.segment <= entry.baseOffset
            && entry.position <= 1 << 40
            && (kind == .note || Int(entry.count) <= bytes.count - entryHeaderSize)
        return isSane ? entry : nil
    }
}

extension UnsafeMutableRawPointer {
    fileprivate func store<Number>(_ value: Number, at offset: Int) {
        storeBytes(of: value, toByteOffset: offset, as: Number.self)
    }
}

extension UnsafeRawPointer {
    fileprivate func load32(at offset: Int) -> UInt32 {
        loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }

    fileprivate func load64(at offset: Int) -> UInt64 {
        loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }
}
