import MillraceKafkaProtocol
import MillraceModel
import Testing

@testable import MillraceBroker

struct FetchSessionsTests {
    private func request(
        _ partitions: [Int32], session: Int32 = 0, epoch: Int32, forgetting: [Int32] = []
    ) -> FetchRequest {
        var topic = FetchRequest.FetchTopic()
        topic.topic = "t"
        topic.partitions = partitions.map {
            var partition = FetchRequest.FetchPartition()
            partition.partition = $0
            return partition
        }
        var request = FetchRequest()
        request.sessionID = session
        request.sessionEpoch = epoch
        request.topics = partitions.isEmpty ? [] : [topic]
        if !forgetting.isEmpty {
            var forgotten = FetchRequest.ForgottenTopic()
            forgotten.topic = "t"
            forgotten.partitions = forgetting
            request.forgottenTopicsData = [forgotten]
        }
        return request
    }

    private func partitions(_ plan: FetchSessions.Plan) -> [Int32] { plan.targets.map(\.key.partition) }

    @Test func partitionsComeAndGo() throws {
        var sessions = FetchSessions()
        let first = try sessions.plan(request([1, 2, 3], epoch: 0), version: 12, newID: 7).get()
        #expect(first.sessionID == 7 && !first.isIncremental)
        let second = try sessions.plan(
            request([4], session: 7, epoch: 1, forgetting: [2]), version: 12, newID: 8
        ).get()
        #expect(second.isIncremental && partitions(second) == [1, 3, 4])
        // Those that gave records go to the end.
        sessions.told(7, second.targets, gave: [0])
        let third = try sessions.plan(request([], session: 7, epoch: 2), version: 12, newID: 8).get()
        #expect(partitions(third) == [3, 4, 1])
    }

    @Test func whatIsOutOfStepIsRefused() throws {
        var sessions = FetchSessions()
        _ = try sessions.plan(request([1], epoch: 0), version: 12, newID: 7).get()
        func refusal(_ request: FetchRequest, _ version: Int16 = 12) -> ErrorCode? {
            if case .failure(let code) = sessions.plan(request, version: version, newID: 9) { code } else { nil }
        }
        #expect(refusal(request([], session: 8, epoch: 1)) == .fetchSessionIDNotFound)
        #expect(refusal(request([], session: 7, epoch: 5)) == .invalidFetchSessionEpoch)
        #expect(refusal(request([], session: 7, epoch: 1), 13) == .fetchSessionTopicIDError)
        // -1 ends it.
        #expect(refusal(request([1], session: 7, epoch: -1)) == nil)
        #expect(refusal(request([], session: 7, epoch: 1)) == .fetchSessionIDNotFound)
    }

    @Test func aConnectionKeepsFourSessions() throws {
        var sessions = FetchSessions()
        for id in UInt64(1)...5 { _ = sessions.plan(request([1], epoch: 0), version: 12, newID: id) }
        guard case .failure = sessions.plan(request([], session: 1, epoch: 1), version: 12, newID: 9) else {
            Issue.record("the oldest session is still there")
            return
        }
        #expect(try sessions.plan(request([], session: 2, epoch: 1), version: 12, newID: 9).get().sessionID == 2)
    }

    @Test func theEpochWrapsToOne() throws {
        var session = FetchSessions.Session(id: 1, epoch: .max, usesTopicIDs: false, targets: [])
        session.change([], forgetting: [])
        #expect(session.epoch == 1)
    }
}
