/// A measurement: the bits of a double, big-endian. Its time is the record's.
struct Reading {
    let celsius: Double

    init(celsius: Double) { self.celsius = celsius }

    /// Nil for bytes that are none: the topic is open to other producers.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 8 else { return nil }
        celsius = Double(bitPattern: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
        guard celsius.isFinite else { return nil }
    }

    var bytes: [UInt8] { withUnsafeBytes(of: celsius.bitPattern.bigEndian) { [UInt8]($0) } }
}

/// What is kept of all readings of a device.
struct Summary: CustomStringConvertible {
    private(set) var count = 0
    private var sum = 0.0
    private var lowest = Double.infinity
    private var highest = -Double.infinity

    mutating func add(_ reading: Reading) {
        count += 1
        sum += reading.celsius
        lowest = min(lowest, reading.celsius)
        highest = max(highest, reading.celsius)
    }

    var description: String {
        func text(_ celsius: Double) -> String { "\((celsius * 100).rounded() / 100)" }
        return "\(count) readings, \(text(lowest)) to \(text(highest)), mean \(text(sum / Double(count)))"
    }
}
