internal import MillraceBytes

/// Which partition a record without an explicit one goes to, by the rule of Kafka's Java client: by
/// the hash of its key, or, without a key, to the one whose batch is being filled. Through every
/// door the same key goes to the same partition.
package struct Partitioner: Hashable, Sendable {
    /// A topic's partitions may become more while its records are being gathered.
    package var partitionCount: Int32 {
        didSet {
            precondition(partitionCount > 0, "a topic of \(partitionCount) partitions")
            sticky %= partitionCount
        }
    }

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
        sticky = (sticky &+ 1) % partitionCount
    }
}
