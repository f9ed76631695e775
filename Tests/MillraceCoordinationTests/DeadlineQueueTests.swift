@testable import MillraceCoordination
import MillraceShard
import Testing

@Suite struct DeadlineQueueTests {
    private func at(_ time: UInt64) -> Instant { Instant(nanoseconds: time) }

    /// Everything that is due by then, in its order.
    private func due(_ time: UInt64, in queue: inout DeadlineQueue) -> [String] {
        var groups: [String] = []
        while let group = queue.popDue(at(time)) { groups.append(group) }
        return groups
    }

    @Test func groupsAreDueInTheirOrder() {
        var queue = DeadlineQueue()
        let isFirst = [
            queue.schedule("b", at(20)), queue.schedule("a", at(10)), queue.schedule("c", at(30)),
        ]
        #expect(isFirst == [true, true, false])
        #expect(due(9, in: &queue) == [])
        #expect(due(25, in: &queue) == ["a", "b"])
        #expect(queue.next == at(30))
    }

    @Test func aDeadlineThatMovesAwayIsLookedAtEarly() {
        var queue = DeadlineQueue()
        queue.schedule("a", at(10))
        let isFirst = queue.schedule("a", at(50))
        #expect(!isFirst)
        #expect(due(10, in: &queue) == ["a"])
        #expect(due(99, in: &queue) == [])
    }

    @Test func aDeadlineThatComesNearerCountsOnce() {
        var queue = DeadlineQueue()
        queue.schedule("a", at(50))
        let isFirst = queue.schedule("a", at(10))
        #expect(isFirst)
        #expect(due(99, in: &queue) == ["a"])
    }

    /// Ids that are given out and come back at once leave an entry each.
    @Test func whatIsLeftOverDoesNotPileUp() {
        var queue = DeadlineQueue()
        queue.schedule("stays", at(500))
        for number in UInt64(0)..<10_000 {
            queue.schedule("m\(number)", at(1000 + number))
            queue.schedule("m\(number)", nil)
            #expect(queue.entryCount < 100)
        }
        queue.schedule("near", at(50))
        #expect(queue.count == 2)
        #expect(due(999, in: &queue) == ["near", "stays"])
        #expect(queue.next == nil)
    }

    @Test func nobodyIsDueWithoutADeadline() {
        var queue = DeadlineQueue()
        queue.schedule("a", at(10))
        queue.schedule("a", nil)
        #expect(due(99, in: &queue) == [])
    }
}
