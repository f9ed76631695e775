@testable import MillraceCoordination
import Testing

@Suite struct ConsumerSubscriptionTests {
    @Test func topicsAreReadFromEveryVersion() {
        let topics: [UInt8] = [0, 0, 0, 2, 0, 1, 0x61, 0, 2, 0x62, 0x63]
        for version: UInt8 in 0...9 {
            #expect(ConsumerSubscription.topics(of: [0, version] + topics) == ["a", "bc"])
        }
        #expect(ConsumerSubscription.topics(of: [0, 0, 0, 0, 0, 0]) == [])
    }

    @Test func whatIsNoSubscriptionHasNone() {
        #expect(ConsumerSubscription.topics(of: []) == nil)
        #expect(ConsumerSubscription.topics(of: [0xFF, 0xFF, 0, 0, 0, 0]) == nil)
        #expect(ConsumerSubscription.topics(of: [0, 0, 0xFF, 0xFF, 0xFF, 0xFF]) == nil)
        #expect(ConsumerSubscription.topics(of: [0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0]) == nil)
        #expect(ConsumerSubscription.topics(of: [0, 0, 0, 0, 0, 1, 0x7F, 0xFF]) == nil)
    }
}
