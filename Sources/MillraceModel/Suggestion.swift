/// What somebody may have meant who wrote a name that there is not.
package enum Suggestion {
    /// The candidate closest to `name`, if one is close enough to be a slip of the hand: as many letters left out, put
    /// in, exchanged with their neighbour or mistaken as a third of the name has.
    package static func closest(to name: String, among candidates: some Sequence<String>) -> String? {
        let written = Array(name.lowercased().unicodeScalars.prefix(lengthMax))
        let allowed = max(1, written.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let meant = Array(candidate.lowercased().unicodeScalars.prefix(lengthMax))
            guard abs(meant.count - written.count) <= allowed else { continue }
            let distance = distance(from: written, to: meant)
            guard distance <= allowed, distance < best?.distance ?? .max else { continue }
            best = (candidate, distance)
        }
        return best?.name
    }

    /// A clause to end a sentence with: `; did you mean 'orders'?`, or nothing.
    package static func clause(for name: String, among candidates: some Sequence<String>) -> String {
        closest(to: name, among: candidates).map { "; did you mean '\($0)'?" } ?? ""
    }

    /// The longest name of a topic.
    private static let lengthMax = 249

    /// The optimal string alignment distance, three rows of it at a time.
    private static func distance(from left: [Unicode.Scalar], to right: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let substitution = last[column] + (left[row] == right[column] ? 0 : 1)
                var best = min(substitution, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
