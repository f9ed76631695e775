@testable import MillraceCoordination
import MillraceSimulation
import Testing

/// The sticky assignor's promises, for one hand-made case each and for random groups.
@Suite struct AssignorStickyTests {
    private struct Group {
        var members: [Assignor.Member] = []
        var counts: [String: Int32] = [:]
        var wantAlike = true

        func assign() -> [String: Set<TopicShare>] {
            Assignor.sticky.assign(to: members, partitionCounts: counts).mapValues { assignment in
                Set(assignment.topics.flatMap { share in
                    share.partitions.map { TopicShare(topic: share.topic, partitions: [$0]) }
                })
            }
        }

        /// The members join again with what they got.
        mutating func adopt(_ assignment: [String: Set<TopicShare>], generation: Int32, as form: Form) {
            for index in members.indices {
                let topics = members[index].subscription.topics
                let owned = (assignment[members[index].id] ?? []).filter { topics.contains($0.topic) }
                members[index].subscription = form.subscription(
                    topics: topics, owned: Array(owned), generation: generation)
            }
        }
    }

    enum Form: CaseIterable {
        case ownedPartitions, userData, oldUserData

        func subscription(
            topics: [String], owned: [TopicShare], generation: Int32
        ) -> ConsumerSubscription {
            var subscription = ConsumerSubscription(topics: topics)
            let data = StickyUserData(owned: owned, generation: generation).encoded()
            switch self {
            case .ownedPartitions:
                subscription.owned = owned
                subscription.generation = generation
            case .userData: subscription.userData = data
            case .oldUserData: subscription.userData = Array(data.dropLast(4))
            }
            return subscription
        }
    }

    private static func group(_ chance: inout SeededRandom) -> Group {
        var group = Group()
        let names = (0..<Int.random(in: 1...4, using: &chance)).map { "t\($0)" }
        for name in names { group.counts[name] = Int32.random(in: 0...20, using: &chance) }
        group.wantAlike = Bool.random(using: &chance)
        for number in 0..<Int.random(in: 1...8, using: &chance) {
            let count = Int.random(in: 1...names.count, using: &chance)
            let topics = group.wantAlike ? names : Array(names.shuffled(using: &chance).prefix(count))
            group.members.append(
                Assignor.Member(
                    id: "m\(number)", subscription: ConsumerSubscription(topics: topics)))
        }
        return group
    }

    private static func check(_ group: Group, _ assigned: [String: Set<TopicShare>], _ story: String) {
        var owners: [TopicShare: String] = [:]
        for member in group.members {
            for share in assigned[member.id] ?? [] {
                #expect(owners.updateValue(member.id, forKey: share) == nil, "\(story): two owners")
                #expect(member.subscription.topics.contains(share.topic), "\(story): not wanted")
            }
        }
        let wanted = Set(group.members.flatMap(\.subscription.topics))
        let total = group.counts.filter { wanted.contains($0.key) }.values.reduce(0, +)
        #expect(owners.count == Int(total), "\(story): \(owners.count) of \(total) partitions")
        func load(_ id: String) -> Int { assigned[id]?.count ?? 0 }
        for (share, owner) in owners {
            for other in group.members where other.subscription.topics.contains(share.topic) {
                #expect(
                    load(owner) <= load(other.id) + 1,
                    "\(story): \(owner) has \(load(owner)), \(other.id) \(load(other.id))")
            }
        }
    }

    /// How many of the partitions that members claim could stay at the best, where all want alike.
    private static func keptAtBest(_ claims: [Int], total: Int) -> Int {
        let (each, extra) = total.quotientAndRemainder(dividingBy: claims.count)
        let larger = min(extra, claims.filter { $0 > each }.count)
        return claims.reduce(0) { $0 + min($1, each) } + larger
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>) func sharesAreEqualAndStay(seed: UInt64) {
        var chance = SeededRandom(seed: seed)
        for round in 0..<25 {
            let story = "seed \(seed), round \(round)"
            let form = Form.allCases[round % 3]
            var group = Self.group(&chance)
            let first = group.assign()
            Self.check(group, first, story)
            group.adopt(first, generation: 1, as: form)
            #expect(group.assign() == first, "\(story): nothing has changed")

            // Some leave, some come, a topic grows.
            let before = group.members.count
            group.members.removeAll { _ in Int.random(in: 0..<4, using: &chance) == 0 }
            if group.members.isEmpty || Bool.random(using: &chance) {
                let topics = Array(group.counts.keys.sorted())
                group.members.append(
                    Assignor.Member(
                        id: "new\(before)", subscription: ConsumerSubscription(topics: topics)))
            }
            if let name = group.counts.keys.min(), Bool.random(using: &chance) {
                group.counts[name, default: 0] += 3
            }
            let second = group.assign()
            Self.check(group, second, story)
            guard group.wantAlike else { continue }
            let claims = group.members.map { first[$0.id]?.count ?? 0 }
            let kept = group.members.reduce(0) {
                $0 + (first[$1.id] ?? []).intersection(second[$1.id] ?? []).count
            }
            let total = Int(group.counts.values.reduce(0, +))
            #expect(kept == Self.keptAtBest(claims, total: total), "\(story): \(claims) of \(total)")
        }
    }

    @Test func theLaterGenerationKeepsAPartition() {
        var group = Group(counts: ["t": 2])
        for (id, generation) in [("old", Int32(3)), ("new", 4)] {
            var subscription = ConsumerSubscription(topics: ["t"])
            subscription.owned = [TopicShare(topic: "t", partitions: [1])]
            subscription.generation = generation
            group.members.append(Assignor.Member(id: id, subscription: subscription))
        }
        let wanted = [
            "new": Set([TopicShare(topic: "t", partitions: [1])]),
            "old": Set([TopicShare(topic: "t", partitions: [0])]),
        ]
        #expect(group.assign() == wanted)
    }

    @Test func claimsThatCannotBeAreDropped() {
        var group = Group(counts: ["t": 2, "u": 1])
        var liar = ConsumerSubscription(topics: ["t"])
        liar.owned = [
            TopicShare(topic: "t", partitions: [0, 0, -1, 2, .max, .min]),
            TopicShare(topic: "u", partitions: [0]), TopicShare(topic: "none", partitions: [0]),
        ]
        group.members = [
            Assignor.Member(id: "liar", subscription: liar),
            Assignor.Member(id: "other", subscription: ConsumerSubscription(topics: ["t", "u"])),
        ]
        let wanted = [
            "liar": Set([TopicShare(topic: "t", partitions: [0]), TopicShare(topic: "t", partitions: [1])]),
            "other": Set([TopicShare(topic: "u", partitions: [0])]),
        ]
        #expect(group.assign() == wanted)
    }
}
