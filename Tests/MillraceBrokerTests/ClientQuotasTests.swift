import MillraceModel
import MillraceShard
import Testing

@testable import MillraceBroker

struct ClientQuotasTests {
    private let start = Instant(nanoseconds: 0)

    private func after(_ seconds: Double) -> Instant { start.advanced(by: .seconds(seconds)) }

    @Test func withoutQuotasNobodyWaits() {
        #expect(ClientQuotas().spend(1 << 40, .produce, client: "a", at: start) == .zero)
    }

    @Test func aBucketFillsAtItsRate() {
        let quotas = ClientQuotas()
        quotas.replace { [QuotaEntity(client: .name("a")): [.produce: 1000]] }
        // A second's worth is free, then two seconds' worth is owed.
        #expect(quotas.spend(3000, .produce, client: "a", at: start) == .seconds(2))
        #expect(quotas.spend(0, .produce, client: "a", at: after(1)) == .seconds(1))
        #expect(quotas.spend(0, .produce, client: "a", at: after(3)) == .zero)
        #expect(quotas.spend(1 << 30, .fetch, client: "a", at: start) == .zero)
        #expect(quotas.spend(1 << 30, .produce, client: "b", at: start) == .zero)
        // Nobody waits longer than ten seconds at a time.
        #expect(quotas.spend(1 << 30, .produce, client: "a", at: after(3)) == .seconds(10))
    }

    @Test func theMostParticularQuotaHolds() {
        let quotas = ClientQuotas()
        let rates: [QuotaEntity: [QuotaKey: Double]] = [
            QuotaEntity(client: .standard): [.fetch: 1],
            QuotaEntity(client: .name("a")): [.fetch: 10],
            QuotaEntity(user: .name("ANONYMOUS"), client: .name("b")): [.fetch: 100],
        ]
        quotas.replace { rates }
        #expect(quotas.spend(2, .fetch, client: "other", at: start) == .seconds(1))
        #expect(quotas.spend(20, .fetch, client: "a", at: start) == .seconds(1))
        #expect(quotas.spend(200, .fetch, client: "b", at: start) == .seconds(1))
        // Each client has the quota for all of them to itself.
        #expect(quotas.spend(1, .fetch, client: "another", at: start) == .zero)
    }

    @Test func quotasAreReadAsTheyWereWritten() {
        let entities = [
            QuotaEntity(user: .name("a/b:c=%é")), QuotaEntity(client: .standard),
            QuotaEntity(user: .standard, client: .name("x y")),
        ]
        for entity in entities {
            let name = entity.settingName(.produce)
            #expect(!name.contains("=") && !name.contains(" "))
            #expect(QuotaEntity.rates(in: [name: "12.5"]) == [entity: [.produce: 12.5]])
        }
    }
}
