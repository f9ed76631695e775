/// The identity of a topic: a random (version 4) UUID, so that a topic that is deleted and created
/// again under the same name is another topic (KIP-516). Printed in URL-safe base64 as Kafka does.
public struct TopicID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The first 64 bits of the UUID.
    public let high: UInt64
    /// The last 64 bits of the UUID.
    public let low: UInt64

    /// The id of these 128 bits, which are not checked.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A fresh id from the given source of randomness.
    public init(from generator: inout some RandomNumberGenerator) {
        high = (generator.next() & ~0xF000) | 0x4000
        low = (generator.next() & ~(0b11 << 62)) | (0b10 << 62)
    }

    /// Reads the 22 characters that `description` prints; nil for anything else.
    public init?(base64 text: some StringProtocol) {
        guard text.utf8.count == 22 else { return nil }
        var bits: (high: UInt64, low: UInt64) = (0, 0)
        for (index, byte) in text.utf8.enumerated() {
            guard let digit = Self.digits.firstIndex(of: byte) else { return nil }
            // The last digit carries only two of the 128 bits.
            let (value, width) = index == 21 ? (UInt64(digit) >> 4, 2) : (UInt64(digit), 6)
            bits.high = bits.high << width | bits.low >> (64 - width)
            bits.low = bits.low << width | value
        }
        self.init(high: bits.high, low: bits.low)
    }

    public var description: String {
        var text: [UInt8] = []
        for index in 0..<22 {
            let shift = 122 - 6 * index
            let digit: UInt64
            if shift >= 64 {
                digit = high >> (shift - 64)
            } else if shift > 58 {
                digit = high << (64 - shift) | low >> shift
            } else {
                digit = shift >= 0 ? low >> shift : low << -shift
            }
            text.append(Self.digits[Int(digit & 63)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    public static func < (left: TopicID, right: TopicID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}
