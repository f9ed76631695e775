import Testing

@testable import millrace_sim

/// The checks of the rebalance simulation, shown histories that a broken coordinator would make.
@Suite struct GroupPromisesTests {
    private typealias Moment = GroupPromises.Moment

    private func moment(
        _ promises: GroupPromises, process: Int = 1, instance: String? = nil
    ) -> Moment {
        promises.moment(process: process, instance: instance)
    }

    private func assign(
        _ promises: inout GroupPromises, _ partitions: [Int], _ owner: String, _ generation: Int32
    ) {
        let asked = moment(promises)
        promises.assigned(partitions, to: owner, generation: generation, asked: asked)
    }

    @Test func aGoodHistoryBreaksNothing() {
        var promises = GroupPromises()
        assign(&promises, [0, 1], "a", 1)
        assign(&promises, [2], "b", 1)
        assign(&promises, [0, 1], "a", 1)
        promises.attempts([0: 5])
        promises.committed([0: 5], by: "a", generation: 1, asked: moment(promises))
        assign(&promises, [0], "b", 2)
        promises.fetched(5, of: 0, asked: moment(promises))
        promises.fetched(nil, of: 1, asked: moment(promises))
        #expect(promises.broken.isEmpty)
        #expect(promises.rebalanceCount == 2)
        #expect(promises.acknowledgedCount == 1)
    }

    @Test func twoOwnersAreFound() {
        var promises = GroupPromises()
        assign(&promises, [0, 1], "a", 1)
        assign(&promises, [1], "b", 1)
        #expect(promises.broken == ["generation 1: 1 belongs to a and to b"])
    }

    @Test func anAssignmentOfAnOldGenerationIsFound() {
        var promises = GroupPromises()
        let early = moment(promises)
        assign(&promises, [0], "a", 2)
        promises.assigned([1], to: "b", generation: 1, asked: early)
        #expect(promises.broken.isEmpty, "it was asked for before the new generation began")
        assign(&promises, [1], "b", 1)
        #expect(promises.broken.count == 1)
    }

    @Test func aCommitThatShouldHaveBeenFencedIsFound() {
        var promises = GroupPromises()
        assign(&promises, [0], "a", 1)
        let early = moment(promises)
        assign(&promises, [0], "b", 2)
        promises.attempts([0: 5])
        promises.committed([0: 5], by: "a", generation: 1, asked: early)
        #expect(promises.broken.isEmpty, "it was sent before the new generation began")
        promises.committed([0: 5], by: "a", generation: 1, asked: moment(promises))
        #expect(promises.broken.count == 1)
    }

    private func take(_ promises: inout GroupPromises, _ process: Int, asked: Moment? = nil) {
        let now = moment(promises, process: process, instance: "i")
        promises.took("i", process: process, asked: asked ?? now)
    }

    private func commit(_ promises: inout GroupPromises, _ process: Int) {
        let asked = moment(promises, process: process, instance: "i")
        promises.committed([:], by: "i", generation: 1, asked: asked)
    }

    @Test func aCommitOfAFencedInstanceIsFound() {
        var promises = GroupPromises()
        take(&promises, 1)
        commit(&promises, 1)
        take(&promises, 2)
        commit(&promises, 2)
        #expect(promises.broken.isEmpty)
        commit(&promises, 1)
        #expect(promises.broken == ["a commit of i, which is fenced, is accepted"])
    }

    @Test func whoeverTookAnInstanceLastHasIt() {
        var promises = GroupPromises()
        let early = moment(promises, process: 1, instance: "i")
        take(&promises, 2)
        take(&promises, 1, asked: early)
        commit(&promises, 1)
        commit(&promises, 2)
        #expect(promises.broken.isEmpty, "their answers crossed: either may be the last")
        take(&promises, 1)
        commit(&promises, 1)
        #expect(promises.broken.isEmpty)
        commit(&promises, 2)
        #expect(promises.broken.count == 1)
    }

    @Test func lostAndInventedOffsetsAreFound() {
        var promises = GroupPromises()
        promises.attempts([0: 5])
        promises.attempts([0: 9])
        promises.committed([0: 9], by: "a", generation: 1, asked: moment(promises))
        promises.fetched(5, of: 0, asked: moment(promises))
        promises.fetched(nil, of: 0, asked: moment(promises))
        promises.fetched(10, of: 0, asked: moment(promises))
        #expect(
            promises.broken == [
                "0 goes on at 5, after 9 was acknowledged",
                "0 goes on at nowhere, after 9 was acknowledged",
                "0 goes on at 10, which nobody committed",
            ])
    }

    @Test func aGroupThatDoesNotSettleIsFound() {
        var promises = GroupPromises()
        assign(&promises, [0], "a", 1)
        promises.settled([("a", 1, [0])], partitionCount: 1)
        #expect(promises.broken.isEmpty)
        promises.settled([("a", 1, [0]), ("b", 0, [])], partitionCount: 1)
        promises.settled([("a", 1, [0])], partitionCount: 2)
        #expect(promises.broken.count == 2)
    }
}
