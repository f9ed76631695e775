import Millrace
import MillraceCoordination

/// Does what a member has to: lives, gives up its partitions when it is told to, and notes what it
/// was told.
actor MemberOwner {
    nonisolated let membership: GroupMembership
    private(set) var assignments: [MemberAssignment] = []
    private(set) var revocations = 0
    private(set) var failure: CoordinationError?
    private(set) var hasEnded = false
    private var isSilent = false

    init(_ request: MembershipRequest, in engine: Engine) async throws {
        membership = try await GroupMembership.begin(request, in: engine)
        Task { await follow() }
        Task { await live() }
    }

    private func follow() async {
        while let event = await membership.nextEvent() {
            switch event {
            case .assigned(let assignment): assignments.append(assignment)
            case .revoke:
                revocations += 1
                if !isSilent { await membership.revoked() }
            case .ended(let error): failure = error
            }
        }
        hasEnded = true
    }

    private func live() async {
        while !hasEnded {
            if !isSilent { await membership.heartbeat() }
            try? await Task.sleep(for: .milliseconds(50), clock: .continuous)
        }
    }

    /// Says nothing more, and does nothing more.
    func fallSilent() { isSilent = true }

    /// What it has; none while it is to give it up.
    var partitions: Set<TopicPartition>? {
        guard !hasEnded, revocations < assignments.count else { return nil }
        return assignments.last.map { assignment in
            Set(assignment.partitions.flatMap { share in
                share.partitions.compactMap { number in
                    (try? TopicName(share.topic)).map { TopicPartition(topic: $0, partition: number) }
                }
            })
        }
    }

    var memberID: String { assignments.last?.memberID ?? "" }
    var generation: Int32 { assignments.last?.generation ?? -1 }
}

struct NotInTime: Error {}

/// Waits until something is so.
func eventually(_ isSo: () async throws -> Bool) async throws {
    for _ in 0..<3000 {
        if try await isSo() { return }
        try await Task.sleep(for: .milliseconds(10), clock: .continuous)
    }
    throw NotInTime()
}

/// Whether all members have something in one generation, no partition has two owners, and so many
/// are owned.
func share(_ members: [MemberOwner], _ count: Int) async -> Bool {
    var all: Set<TopicPartition> = []
    var generations: Set<Int32> = []
    var sum = 0
    for member in members {
        guard let partitions = await member.partitions else { return false }
        all.formUnion(partitions)
        sum += partitions.count
        generations.insert(await member.generation)
    }
    return sum == count && all.count == count && generations.count == 1
}
