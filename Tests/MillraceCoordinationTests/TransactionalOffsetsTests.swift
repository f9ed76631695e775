@testable import MillraceCoordination
import MillraceModel
import Testing

/// Offsets that are committed within a transaction: they count from its commit on (KIP-447).
@Suite struct TransactionalOffsetsTests {
    private static let owner = TransactionOwner(producerID: ProducerID(7), producerEpoch: ProducerEpoch(0))

    private static func request(_ offset: Int64) -> OffsetCommitRequest {
        OffsetCommitRequest(
            group: "g", commits: [.init(CoordinatorUnderTest.partition(0), Offset(offset))])
    }

    private static func commit(_ offset: Int64, _ test: CoordinatorUnderTest) throws {
        let refusals = try test.run { groups in
            let place = try await groups.place(of: "g")
            return try await groups.commitOffsets(request(offset), in: owner, endCount: place.endCount)
        }
        #expect(refusals == [nil])
    }

    private static func end(isCommit: Bool, _ test: CoordinatorUnderTest) throws {
        try test.run { groups in
            let place = try await groups.place(of: "g")
            try await groups.endTransaction(owner, isCommit: isCommit, in: place.partition)
        }
    }

    private static func committed(_ test: CoordinatorUnderTest) throws -> Int64? {
        try test.run { groups in
            try await groups.fetchOffsets(of: "g")[CoordinatorUnderTest.partition(0)]?.offset.value
        }
    }

    private static func unstable(_ test: CoordinatorUnderTest) throws -> Set<TopicPartition> {
        try test.run { await $0.unstableOffsets(of: "g") }
    }

    @Test(arguments: [false, true], [false, true])
    func theyCountFromTheCommitOn(isCommit: Bool, restarts: Bool) throws {
        let test = try CoordinatorUnderTest()
        defer { test.end() }
        _ = try test.run { try await $0.commitOffsets(Self.request(1)) }
        try Self.commit(5, test)
        try Self.commit(6, test)
        if restarts { try test.restart() }
        #expect(try Self.committed(test) == 1)
        #expect(try Self.unstable(test) == [CoordinatorUnderTest.partition(0)])
        try Self.end(isCommit: isCommit, test)
        if restarts { try test.restart() }
        #expect(try Self.committed(test) == (isCommit ? 6 : 1))
        #expect(try Self.unstable(test).isEmpty)
    }

    /// In the log the plain commit stands behind: it is the newer one, whenever the transaction ends.
    @Test(arguments: [false, true]) func aLaterPlainCommitStands(restarts: Bool) throws {
        let test = try CoordinatorUnderTest()
        defer { test.end() }
        try Self.commit(5, test)
        _ = try test.run { try await $0.commitOffsets(Self.request(2)) }
        try Self.end(isCommit: true, test)
        if restarts { try test.restart() }
        #expect(try Self.committed(test) == 2)
    }

    /// A request that was held up on its way must not be written behind its transaction's end, where nothing ends it.
    @Test func whatComesBehindAnEndIsNotTaken() throws {
        let test = try CoordinatorUnderTest()
        defer { test.end() }
        let place = try test.run { try await $0.place(of: "g") }
        try Self.end(isCommit: true, test)
        let late = test.start {
            try await $0.commitOffsets(Self.request(5), in: Self.owner, endCount: place.endCount)
        }
        test.pass(.seconds(1))
        #expect(late.error == .transactionEnded(group: "g"))
        #expect(try Self.unstable(test).isEmpty)
    }
}
