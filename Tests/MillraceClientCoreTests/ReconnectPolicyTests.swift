import MillraceClientCore
import Testing

@Suite struct ReconnectPolicyTests {
    @Test func pausesDoubleUpToTheLongestAndAreCutByChance() {
        var random = SplitMix(seed: 1)
        var backoff = Backoff(
            ReconnectPolicy(initial: .milliseconds(100), max: .milliseconds(450), total: .seconds(1)))
        var pauses: [Duration] = []
        for whole in [100, 200, 400, 450, 450] {
            let pause = backoff.next(using: &random)
            #expect(pause >= .milliseconds(whole) / 2)
            #expect(pause <= .milliseconds(whole))
            pauses.append(pause)
        }
        #expect(Set(pauses).count == pauses.count)
        backoff.reset()
        #expect(backoff.next(using: &random) <= .milliseconds(100))
    }

    @Test func neverIsNotEnabled() {
        #expect(!ReconnectPolicy.never.isEnabled)
        #expect(ReconnectPolicy().isEnabled)
    }

    @Test func lossesAreTransientAndRefusalsAreNot() {
        #expect(ClientError.connectionLost(address: "a", reason: "b").isTransient)
        #expect(ClientError.refused(code: .unavailable, message: "", details: [:]).isTransient)
        #expect(!ClientError.refused(code: .notFound, message: "", details: [:]).isTransient)
        #expect(!ClientError.protocolViolation(reason: "").isTransient)
        #expect(!ClientError.closed.isTransient)
    }
}
