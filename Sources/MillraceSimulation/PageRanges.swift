/// Which pages of a file have space on the disk: disjoint ranges in order.
struct PageRanges {
    private var ranges: [Range<UInt64>] = []

    var count: UInt64 { ranges.reduce(0) { $0 + UInt64($1.count) } }

    /// How many pages of the range are not here yet.
    func missing(_ range: Range<UInt64>) -> UInt64 {
        ranges.reduce(UInt64(range.count)) { $0 - UInt64($1.clamped(to: range).count) }
    }

    mutating func insert(_ range: Range<UInt64>) {
        guard !range.isEmpty, missing(range) > 0 else { return }
        var merged = range
        ranges.removeAll { other in
            guard other.lowerBound <= merged.upperBound, merged.lowerBound <= other.upperBound
            else { return false }
            merged = min(other.lowerBound, merged.lowerBound)..<max(
                other.upperBound, merged.upperBound)
            return true
        }
        ranges.append(merged)
        ranges.sort { $0.lowerBound < $1.lowerBound }
    }

    mutating func remove(from page: UInt64) {
        ranges = ranges.compactMap { range in
            let rest = range.clamped(to: 0..<max(page, 0))
            return rest.isEmpty ? nil : rest
        }
    }
}
