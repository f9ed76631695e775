internal import Glibc
internal import MillraceBytes
internal import MillraceModel
internal import SystemPackage

/// The last offset of each key, as the cleaning of a log needs it, in memory of a fixed size whatever the log's.
///
/// One flat allocation of slots with open addressing, which the kernel gives page by page as they are used:
///
///     hash low u64 | hash high u64 | offset i64 + 1, 0 for a free slot
///
/// A key stands for itself by 128 bits of its hash: two keys of one hash would be taken for one. The hash has a secret
/// key, drawn anew for each map, so nobody can make such keys; by chance a billion keys have two of one hash with a
/// probability of 10⁻²¹.
final class OffsetMap {
    static let slotBytes = 24
    /// Of 100 slots so many are filled at most: with more, a search takes too many steps.
    private static let filledPercent = 75

    private let slots: UnsafeMutablePointer<UInt64>
    private let slotCount: Int
    private let allocatedBytes: Int
    private let hash: SipHash128
    /// Keys that it holds, and that it can hold.
    private(set) var count = 0
    let countMax: Int

    /// - Parameter bytes: the memory it may take; room for one key is always taken.
    /// - Throws: `ENOMEM`.
    init(bytes: Int, hash: SipHash128) throws(Errno) {
        slotCount = max(2, bytes / Self.slotBytes)
        countMax = max(1, slotCount * Self.filledPercent / 100)
        allocatedBytes = slotCount * Self.slotBytes
        self.hash = hash
        let memory = mmap(
            nil, allocatedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != MAP_FAILED else { throw .noMemory }
        slots = memory.bindMemory(to: UInt64.self, capacity: slotCount * 3)
    }

    deinit { munmap(slots, allocatedBytes) }

    /// Notes the offset, which is later than those before it, as the last of the key.
    /// - Returns: false where the key is new and there is no room for one more.
    func put(_ key: UnsafeRawBufferPointer, _ offset: Offset) -> Bool {
        let digest = hash.hash(key)
        let slot = slot(of: digest)
        if slot[2] == 0 {
            guard count < countMax else { return false }
            slot[0] = digest.low
            slot[1] = digest.high
            count += 1
        }
        slot[2] = UInt64(bitPattern: offset.value) &+ 1
        return true
    }

    /// The last offset that was noted for the key.
    func offset(of key: UnsafeRawBufferPointer) -> Offset? {
        let slot = slot(of: hash.hash(key))
        return slot[2] == 0 ? nil : Offset(Int64(bitPattern: slot[2] &- 1))
    }

    /// The slot of the hash, or the free one where it would stand: there always is a free one.
    private func slot(of digest: SipHash128.Digest) -> UnsafeMutablePointer<UInt64> {
        var index = Int(digest.low.multipliedFullWidth(by: UInt64(slotCount)).high)
        while true {
            let slot = slots + index &* 3
            if slot[2] == 0 || slot[0] == digest.low && slot[1] == digest.high { return slot }
            index &+= 1
            if index == slotCount { index = 0 }
        }
    }
}
