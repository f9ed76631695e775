import MillraceModel

/// What the broker has promised so far, and what of it turned out to be broken.
///
/// A record that was acknowledged is there, once, at its offset, whatever dies. A record that was
/// read is not taken back. Offsets follow each other, and none ever has two values.
struct Promises {
    private var values: [[Int64: String]]
    /// Where each value was seen, so that a record that was written twice is found.
    private var places: [String: (partition: Int, offset: Int64)] = [:]
    private(set) var acknowledgedCount = 0
    private(set) var readCount = 0
    private(set) var broken: [String] = []

    init(partitionCount: Int) { values = Array(repeating: [:], count: partitionCount) }

    mutating func acknowledged(_ value: String, _ partition: Int, _ offset: Int64) {
        acknowledgedCount += 1
        note(value, partition, offset, "acknowledged")
    }

    mutating func read(_ value: String, _ partition: Int, _ offset: Int64) {
        readCount += 1
        note(value, partition, offset, "read")
    }

    private mutating func note(_ value: String, _ partition: Int, _ offset: Int64, _ how: String) {
        if let other = values[partition].updateValue(value, forKey: offset), other != value {
            broken.append(
                "\(partition)@\(offset) was \(brief(other)) and is now \(how) as \(brief(value))")
        }
        if let place = places.updateValue((partition, offset), forKey: value),
            place != (partition, offset)
        {
            broken.append(
                """
                \(brief(value)) stands at \(place.partition)@\(place.offset) and is now \(how) at \
                \(partition)@\(offset)
                """)
        }
    }

    mutating func broke(_ promise: String) { broken.append(promise) }

    /// The offsets promised until now, in order.
    func offsets(of partition: Int) -> [Int64] { values[partition].keys.sorted() }

    /// A partition was read from its first offset to its end: nothing that was promised before may
    /// be missing.
    mutating func wasRead(
        _ partition: Int, to end: Int64, found: Set<Int64>, promisedBefore: [Int64]
    ) {
        for offset in promisedBefore where !found.contains(offset) {
            let value = values[partition][offset] ?? ""
            broken.append("\(partition)@\(offset), \(brief(value)), is gone: it ends at \(end)")
        }
    }

    private func brief(_ value: String) -> String { "'\(value.prefix(40))'" }
}
