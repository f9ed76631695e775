internal import MillraceBytes

/// Which partition a record without an explicit one goes to, by the rule of Kafka's Java client: by
/// the hash of its key, or, without a key, to the one whose batch is being filled.
package struct Partitioner: Hashable, Sendable {
    package let partitionCount: Int32
    /// Where records without a key go now.
    package private(set) var sticky: Int32 = 0

    package init(partitionCount: Int32) {
        precondition(partitionCount > 0, "a topic of \(partitionCount) partitions")
        self.partitionCount = partitionCount
    }

    package func partition(for key: UnsafeRawBufferPointer?) -> Int32 {
        guard let key else { return sticky }
        return (Murmur2.hash(key) & 0x7fff_ffff) % partitionCount
    }

    /// A batch of this partition is full: records without a key go to the next.
    package mutating func batchSealed(_ partition: Int32) {
        guard partition == sticky else { return }
        sticky = (sticky + 1) % partitionCount
    }
}
