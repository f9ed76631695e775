/// SipHash-2-4 with a result of 128 bits (Aumasson and Bernstein, 2012): a hash under a secret key.
///
/// Whoever does not know the key cannot make two inputs of one hash, and by chance there are none: two different
/// inputs may be taken for the same where their hashes are. That is what compaction does with the keys of records,
/// as Kafka does with their MD5.
package struct SipHash128: Sendable {
    /// The result, as the two little-endian words of the reference.
    package struct Digest: Hashable, Sendable {
        package let low: UInt64
        package let high: UInt64

        package init(low: UInt64, high: UInt64) {
            self.low = low
            self.high = high
        }
    }

    private let key: (low: UInt64, high: UInt64)

    /// The two halves of the key, little-endian words of its 16 bytes.
    package init(low: UInt64, high: UInt64) { key = (low, high) }

    package func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
        var state = State(key.low, key.high)
        var position = 0
        while bytes.count &- position >= 8 {
            let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            state.absorb(word.littleEndian)
            position &+= 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) << 56
        var shift: UInt64 = 0
        while position < bytes.count {
            last |= UInt64(bytes[position]) << shift
            shift &+= 8
            position &+= 1
        }
        state.absorb(last)
        return state.finish()
    }

    private struct State {
        private var v0: UInt64
        private var v1: UInt64
        private var v2: UInt64
        private var v3: UInt64

        init(_ low: UInt64, _ high: UInt64) {
            v0 = 0x736f_6d65_7073_6575 ^ low
            v1 = 0x646f_7261_6e64_6f6d ^ high ^ 0xee
            v2 = 0x6c79_6765_6e65_7261 ^ low
            v3 = 0x7465_6462_7974_6573 ^ high
        }

        @inline(__always)
        mutating func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }

        mutating func finish() -> Digest {
            v2 ^= 0xee
            let low = fourRounds()
            v1 ^= 0xdd
            return Digest(low: low, high: fourRounds())
        }

        private mutating func fourRounds() -> UInt64 {
            for _ in 0..<4 { round() }
            return v0 ^ v1 ^ v2 ^ v3
        }

        @inline(__always)
        private mutating func round() {
            v0 &+= v1
            v1 = v1 << 13 | v1 >> 51
            v1 ^= v0
            v0 = v0 << 32 | v0 >> 32
            v2 &+= v3
            v3 = v3 << 16 | v3 >> 48
            v3 ^= v2
            v0 &+= v3
            v3 = v3 << 21 | v3 >> 43
            v3 ^= v0
            v2 &+= v1
            v1 = v1 << 17 | v1 >> 47
            v1 ^= v2
            v2 = v2 << 32 | v2 >> 32
        }
    }
}
