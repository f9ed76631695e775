internal import MillraceBytes

/// Chooses the partition of a record as the Java client does, so that the same key goes to the same partition through
/// every door: the partition that is asked for, else the key's murmur2 hash, else one after the other.
package struct Partitioner: Sendable {
    private var next: Int32

    package init(startingAt first: Int32 = 0) { next = first }

    /// The partition of a record with a key.
    package static func partition(forKey key: UnsafeRawBufferPointer, count: Int32) -> Int32 {
        (Murmur2.hash(key) & 0x7fff_ffff) % max(1, count)
    }

    /// The partition of the next batch of records without a key.
    package mutating func nextPartition(count: Int32) -> Int32 {
        let partition = next % max(1, count)
        next = (next &+ 1) & 0x7fff_ffff
        return partition
    }
}
