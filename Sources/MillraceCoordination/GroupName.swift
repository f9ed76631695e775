/// What the name of a group may be, and where its records go.
package enum GroupName {
    private static let bytesMax = 255

    package static func check(_ group: String) throws(CoordinationError) {
        guard !group.isEmpty, group.utf8.count <= bytesMax else {
            throw .invalidGroupID(group, limit: bytesMax)
        }
    }

    /// Which partition of the offsets topic a group's records go to: Kafka's
    /// `abs(group.hashCode) % count`.
    package static func partition(for group: String, count: Int32) -> Int32 {
        var hash: Int32 = 0
        for unit in group.utf16 { hash = hash &* 31 &+ Int32(unit) }
        // Kafka's Utils.abs: the smallest number has no positive counterpart and becomes 0.
        return (hash == .min ? 0 : abs(hash)) % max(1, count)
    }
}
