/// Who wants to know when topics change.
struct TopicWatchers {
    private var bodies: [UInt64: @Sendable () -> Void] = [:]
    private var count: UInt64 = 0

    mutating func add(_ body: @escaping @Sendable () -> Void) -> UInt64 {
        count += 1
        bodies[count] = body
        return count
    }

    mutating func remove(_ watcher: UInt64) { bodies[watcher] = nil }

    /// In their order: nothing may depend on how a dictionary lies.
    func tell() { for (_, body) in bodies.sorted(by: { $0.key < $1.key }) { body() } }
}

extension Storage {
    /// Has the body called, on the first shard, whenever a topic was made, changed or deleted.
    /// - Returns: what `endWatchingTopics` wants.
    package func watchTopics(_ body: @escaping @Sendable () -> Void) -> UInt64 {
        topicWatchers.add(body)
    }

    package func endWatchingTopics(_ watcher: UInt64) { topicWatchers.remove(watcher) }
}
