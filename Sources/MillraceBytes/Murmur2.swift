/// MurmurHash2 of 32 bits with the seed and the quirks of Kafka's Java client, whose default
/// partitioner places keyed records by it (`org.apache.kafka.common.utils.Utils.murmur2`).
package enum Murmur2 {
    private static let multiplier: UInt32 = 0x5bd1_e995
    private static let seed: UInt32 = 0x9747_b28c

    package static func hash(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        var hash = seed ^ UInt32(truncatingIfNeeded: bytes.count)
        var position = 0
        while bytes.count &- position >= 4 {
            let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)
            var mixed = word.littleEndian &* multiplier
            mixed ^= mixed >> 24
            hash = (hash &* multiplier) ^ (mixed &* multiplier)
            position &+= 4
        }
        if position < bytes.count {
            var shift: UInt32 = 0
            while position < bytes.count {
                hash ^= UInt32(bytes[position]) << shift
                shift &+= 8
                position &+= 1
            }
            hash = hash &* multiplier
        }
        hash ^= hash >> 13
        hash = hash &* multiplier
        hash ^= hash >> 15
        return Int32(bitPattern: hash)
    }

    package static func hash(_ bytes: [UInt8]) -> Int32 {
        bytes.withUnsafeBytes { hash($0) }
    }
}
