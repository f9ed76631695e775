import MillraceModel

/// Makes records from a seed: with and without keys, values and headers, of many sizes.
struct RecordMaker {
    var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// Half of them compress well, half not at all.
    mutating func bytes(count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        if Bool.random(using: &random) {
            let words = (0...(count / 8)).map { _ in random.next() }
            words.withUnsafeBytes { bytes += $0[..<count] }
        } else {
            while bytes.count < count {
                let run = min(Int.random(in: 1...500, using: &random), count - bytes.count)
                bytes += repeatElement(random.byte(), count: run)
            }
        }
        return bytes
    }

    private mutating func nullableBytes(_ most: Int) -> [UInt8]? {
        Int.random(in: 0..<8, using: &random) == 0
            ? nil : bytes(count: Int.random(in: 0...most, using: &random))
    }

    mutating func record() -> Record {
        let headerCount = max(0, Int.random(in: -6...3, using: &random))
        return Record(
            key: nullableBytes(40), value: nullableBytes(300),
            headers: (0..<headerCount).map { _ in
                RecordHeader(
                    key: String(repeating: "h", count: Int.random(in: 0...9, using: &random)),
                    value: nullableBytes(20))
            },
            timestamp: Timestamp(
                milliseconds: 1_700_000_000_000 + Int64.random(in: -1000...1000, using: &random)))
    }

    mutating func records(count: Int) -> [Record] { (0..<count).map { _ in record() } }
}
