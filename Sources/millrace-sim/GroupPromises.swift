/// What a coordinator has promised the members of one group, and what of it turned out to be
/// broken.
///
/// No partition has two owners in one generation. Once a generation has its assignments, nothing of
/// an older one is handed out any more, and commits of an older one that are sent afterwards are
/// refused, as are those of a static member whose place another has taken. An offset whose commit
/// was acknowledged is what the next owner reads, or a later one.
struct GroupPromises {
    /// What was known when something was asked: only what was asked later can be held against it.
    struct Moment {
        let newestGeneration: Int32
        let isFenced: Bool
        let acknowledged: [Int: Int64]
        /// How often an instance id had found an owner.
        let takeCount: Int
    }

    /// The last generation of which an assignment has arrived at a member.
    private(set) var newestGeneration: Int32 = 0
    private(set) var rebalanceCount = 0
    private(set) var acknowledgedCount = 0
    private(set) var refusedCount = 0
    private(set) var broken: [String] = []
    private var owners: [Int32: [Int: String]] = [:]
    private var acknowledged: [Int: Int64] = [:]
    private var attempted: [Int: Set<Int64>] = [:]
    /// Which process each instance id belongs to; none where answers crossed and nobody can say.
    private var processes: [String: Int] = [:]
    private var takeCounts: [String: Int] = [:]

    /// Older generations are not spoken of any more.
    private static let generationsKept: Int32 = 100

    func moment(process: Int, instance: String?) -> Moment {
        Moment(
            newestGeneration: newestGeneration,
            isFenced: instance.flatMap { processes[$0] }.map { $0 != process } ?? false,
            acknowledged: acknowledged,
            takeCount: instance.map { takeCounts[$0, default: 0] } ?? 0)
    }

    /// A static member has its assignment: others with its instance id are out, even if the
    /// coordinator stops now. An answer to JoinGroup alone would not say so much.
    mutating func took(_ instance: String?, process: Int, asked: Moment) {
        guard let instance else { return }
        let isClear = takeCounts[instance, default: 0] == asked.takeCount
        processes[instance] = isClear ? process : nil
        takeCounts[instance, default: 0] += 1
    }

    // MARK: Owners

    /// An assignment has arrived.
    /// - Parameter owner: the instance id, or whatever tells members apart that have none.
    mutating func assigned(
        _ partitions: [Int], to owner: String, generation: Int32, asked: Moment
    ) {
        if generation < asked.newestGeneration {
            broken.append(
                """
                \(owner) is assigned \(partitions) of generation \(generation), after \
                \(asked.newestGeneration) had begun
                """)
        }
        if generation > newestGeneration {
            newestGeneration = generation
            rebalanceCount += 1
            owners = owners.filter { $0.key > generation - Self.generationsKept }
        }
        for partition in partitions {
            let other = owners[generation, default: [:]].updateValue(owner, forKey: partition)
            if let other, other != owner {
                broken.append(
                    "generation \(generation): \(partition) belongs to \(other) and to \(owner)")
            }
        }
    }

    /// Nothing changes any more: every partition has one owner, and all are in one generation.
    mutating func settled(
        _ members: [(owner: String, generation: Int32, partitions: [Int])], partitionCount: Int
    ) {
        guard !members.isEmpty else { return }
        let owned = members.flatMap(\.partitions).sorted()
        guard members.contains(where: { $0.generation != newestGeneration })
            || owned != Array(0..<partitionCount)
        else { return }
        let all = members.map { "\($0.owner) in \($0.generation) owns \($0.partitions)" }
        broken.append(
            """
            at rest, in generation \(newestGeneration) of \(partitionCount) partitions: \
            \(all.joined(separator: ", "))
            """)
    }

    // MARK: Offsets

    /// A commit is sent.
    mutating func attempts(_ offsets: [Int: Int64]) {
        for (partition, offset) in offsets { attempted[partition, default: []].insert(offset) }
    }

    mutating func committed(
        _ offsets: [Int: Int64], by owner: String, generation: Int32, asked: Moment
    ) {
        acknowledgedCount += 1
        for (partition, offset) in offsets {
            acknowledged[partition] = max(acknowledged[partition] ?? -1, offset)
        }
        if generation < asked.newestGeneration {
            broken.append(
                """
                a commit of \(owner) from generation \(generation) is accepted, after \
                \(asked.newestGeneration) had begun
                """)
        }
        if asked.isFenced { broken.append("a commit of \(owner), which is fenced, is accepted") }
    }

    mutating func refused() { refusedCount += 1 }

    /// The new owner of a partition reads where to go on.
    mutating func fetched(_ offset: Int64?, of partition: Int, asked: Moment) {
        if let offset, attempted[partition]?.contains(offset) != true {
            broken.append("\(partition) goes on at \(offset), which nobody committed")
        }
        if let promised = asked.acknowledged[partition], offset ?? -1 < promised {
            let found = offset.map { "\($0)" } ?? "nowhere"
            broken.append("\(partition) goes on at \(found), after \(promised) was acknowledged")
        }
    }

    /// Something that the caller has found.
    mutating func broke(_ promise: String) { broken.append(promise) }
}
