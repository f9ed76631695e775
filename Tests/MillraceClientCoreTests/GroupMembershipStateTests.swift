import MillraceBytes
import MillraceClientCore
import MillraceModel
import MillraceNativeProtocol
import Testing

@Suite struct GroupMembershipStateTests {
    private let lost = ClientError.connectionLost(address: "a", reason: "b")

    private func state(_ options: GroupConsumerOptions = GroupConsumerOptions()) -> GroupMembershipState {
        GroupMembershipState(group: "billing", topics: [topic], options: options)
    }

    private func slice(_ event: WireGroupEvent) throws -> ByteSlice {
        ByteSlice(try event.serializedBytes() as [UInt8])
    }

    private func assigned(_ partitions: [Int32], generation: Int32 = 1) throws -> ByteSlice {
        var event = WireGroupEvent()
        event.assigned.memberID = "m"
        event.assigned.generation = generation
        event.assigned.sessionTimeoutMs = 30_000
        event.assigned.partitions = WireTopicPartitions.grouped(self.partitions(partitions))
        return try slice(event)
    }

    private func revoke() throws -> ByteSlice {
        var event = WireGroupEvent()
        event.revoke = WireRevoke()
        return try slice(event)
    }

    private func partitions(_ numbers: [Int32]) -> [TopicPartition] {
        numbers.map { TopicPartition(topic: topic, partition: $0) }
    }

    /// Whether a commit has no result yet, or none any more.
    private func isOpen(_ result: Result<Void, ClientError>?) -> Bool { result.map { _ in false } ?? true }

    /// A member of partitions 0 and 1 in generation 1.
    private func joined() throws -> GroupMembershipState {
        var state = state()
        _ = state.callOpened()
        try state.received(assigned([0, 1]))
        #expect(state.nextEvent() == .assigned(partitions([0, 1]), generation: 1))
        return state
    }

    @Test func aNewMemberAsksWithoutAnIDAndIsAssigned() throws {
        let state = try joined()
        #expect(self.state().request.memberID == "")
        #expect(state.memberID == "m")
        #expect(state.heartbeatInterval == .seconds(10))
        #expect(state.request.memberID == "m")
        #expect(state.request.owned.map(\.partitions) == [[0, 1]])
    }

    @Test func theOptionsAreAskedFor() {
        let request = state(
            GroupConsumerOptions(
                assignors: [.sticky], sessionTimeout: .milliseconds(6500),
                rebalanceTimeout: .seconds(60), instanceID: "i")
        ).request
        #expect(request.assignors == ["sticky"])
        #expect(request.sessionTimeoutMs == 6500)
        #expect(request.rebalanceTimeoutMs == 60_000)
        #expect(request.instanceID == "i")
    }

    @Test func aLostConnectionAloneChangesNothing() throws {
        var state = try joined()
        #expect(state.callEnded(lost) == true)
        _ = state.callOpened()
        try state.received(assigned([0, 1]))
        #expect(state.nextEvent() == nil)
        #expect(state.partitions == partitions([0, 1]))
    }

    @Test func aRebalanceWhileTheMemberWasAwayIsNews() throws {
        var state = try joined()
        #expect(state.callEnded(lost) == true)
        _ = state.callOpened()
        try state.received(assigned([0, 1], generation: 3))
        #expect(state.nextEvent() == .assigned(partitions([0, 1]), generation: 3))
    }

    @Test func partitionsThatWereGivenUpAreAssignedAnewEvenIfTheyAreTheSame() throws {
        var state = try joined()
        try state.received(revoke())
        #expect(state.nextEvent() == .revoke(call: 1))
        // The connection is lost before `revoked` is said, and the next call knows nothing of it.
        #expect(state.callEnded(lost) == true)
        #expect(state.request.owned.isEmpty)
        #expect(state.revoked(call: 1) == nil)
        _ = state.callOpened()
        #expect(state.revoked(call: 1) == nil)
        try state.received(assigned([0, 1]))
        #expect(state.nextEvent() == .assigned(partitions([0, 1]), generation: 1))
    }

    @Test func aMemberThatTheGroupHasForgottenJoinsAsANewOne() throws {
        var state = try joined()
        try state.received(revoke())
        let unknown = ClientError.refused(
            code: .aborted, message: "", details: ["reason": "unknown_member"])
        #expect(state.callEnded(unknown) == true)
        #expect(state.nextEvent() == .lost)
        #expect(state.nextEvent() == nil)
        #expect(state.request.memberID == "")
        #expect(state.request.owned.isEmpty)
    }

    @Test func anotherWithTheSameInstanceIDEndsTheMembership() throws {
        var state = try joined()
        let fenced = ClientError.refused(
            code: .aborted, message: "", details: ["reason": "fenced_instance"])
        #expect(state.callEnded(fenced) == false)
        #expect(state.failure == fenced)
    }

    @Test func leavingIsTheEnd() throws {
        var state = try joined()
        state.leave()
        #expect(state.callEnded(nil) == false)
        #expect(state.failure == .closed)
        let commit = state.commit([])
        #expect(commit?.tag == nil)
    }

    @Test func commitsAreAnsweredByTheirNumbersAndFailWithTheirCall() throws {
        var state = try joined()
        let commits = [state.commit([]), state.commit([])].compactMap { $0?.tag }
        try #require(commits.count == 2)
        let (first, second) = (commits[0], commits[1])
        var result = state.takeResult(first)
        #expect(isOpen(result))
        var answer = WireGroupEvent()
        answer.commit.tag = second
        answer.commit.error = Status(.aborted, "rebalanced").wire
        try state.received(slice(answer))
        result = state.takeResult(second)
        let refusal = try #require(ClientError(Status(.aborted, "rebalanced")))
        #expect(throws: refusal) { try result?.get() }
        #expect(state.callEnded(lost) == true)
        result = state.takeResult(first)
        #expect(throws: lost) { try result?.get() }
        result = state.takeResult(first)
        #expect(isOpen(result))
        let commit = state.commit([])
        #expect(commit?.tag == nil)
    }

    @Test func eventsThatMakeNoSenseAreRefused() throws {
        var state = state()
        _ = state.callOpened()
        #expect(throws: ClientError.self) { try state.received(slice(WireGroupEvent())) }
        #expect(throws: ClientError.self) { try state.received(ByteSlice([0xff])) }
        var event = WireGroupEvent()
        event.assigned.memberID = ""
        #expect(throws: ClientError.self) { try state.received(slice(event)) }
    }
}
