internal import MillraceModel
internal import MillraceShard
internal import Synchronization

/// What a quota is for: a user, a client id, or both; each by name or, by nil inside, for whoever has no quota of
/// their own (KIP-55). Without authentication every user is `ANONYMOUS`.
struct QuotaEntity: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        case absent
        case standard
        case name(String)
    }

    var user = Part.absent
    var client = Part.absent

    static let anonymous = "ANONYMOUS"
}

enum QuotaKey: String, CaseIterable, Sendable {
    case produce = "producer_byte_rate"
    case fetch = "consumer_byte_rate"
}

/// The byte rates that clients are held to, and how much of them is used up. Any shard may ask.
///
/// A client that was too quick is told for how long to wait, and its connection is not read from meanwhile (KIP-219).
/// What it has sent is taken all the same. A bucket fills at the rate, up to a second's worth.
final class ClientQuotas: Sendable {
    private struct Bucket {
        var tokens: Double
        var filled: Instant
    }

    private struct BucketID: Hashable {
        let key: QuotaKey
        let entity: QuotaEntity
        /// A quota for every client holds for each of them apart.
        let client: String
    }

    private struct State {
        var rates: [QuotaEntity: [QuotaKey: Double]] = [:]
        var buckets: [BucketID: Bucket] = [:]
    }

    private let state = Mutex(State())
    /// So that nobody pays who has no quotas.
    private let hasRates = Atomic<Bool>(false)

    /// The longest that a client is made to wait at a time.
    private static let waitMax = 10.0
    private static let bucketsMax = 10_000

    /// Takes the rates that `read` gives. It is called under the lock, so that of two who change them the later has
    /// the last word.
    func replace(_ read: () -> [QuotaEntity: [QuotaKey: Double]]) {
        state.withLock { state in
            state = State(rates: read())
            hasRates.store(!state.rates.isEmpty, ordering: .releasing)
        }
    }

    /// Notes bytes of a client.
    /// - Returns: how long it has to wait.
    func spend(_ bytes: Int, _ key: QuotaKey, client: String, at now: Instant) -> Duration {
        guard hasRates.load(ordering: .acquiring) else { return .zero }
        return state.withLock { state in
            guard let (entity, rate) = Self.rate(key, of: client, state.rates) else { return .zero }
            let id = BucketID(
                key: key, entity: entity, client: entity.client == .absent ? "" : client)
            if state.buckets.count >= Self.bucketsMax, state.buckets[id] == nil {
                // Whoever owes nothing is not remembered; a client of many names must not wipe out what others owe.
                state.buckets = state.buckets.filter { $0.value.tokens < 0 }
            }
            var bucket = state.buckets[id] ?? Bucket(tokens: rate, filled: now)
            let elapsed = Double(now.nanoseconds) / 1e9 - Double(bucket.filled.nanoseconds) / 1e9
            bucket.tokens = min(rate, bucket.tokens + max(0, elapsed) * rate) - Double(bytes)
            bucket.tokens = max(bucket.tokens, -rate * Self.waitMax)
            bucket.filled = now
            state.buckets[id] = bucket
            guard bucket.tokens < 0 else { return .zero }
            return .milliseconds(Int64((-bucket.tokens / rate * 1000).rounded(.up)))
        }
    }

    /// The most particular quota there is, in the order of KIP-55.
    private static func rate(
        _ key: QuotaKey, of client: String, _ rates: [QuotaEntity: [QuotaKey: Double]]
    ) -> (QuotaEntity, Double)? {
        let users: [QuotaEntity.Part] = [.name(QuotaEntity.anonymous), .standard, .absent]
        let clients: [QuotaEntity.Part] = [.name(client), .standard, .absent]
        for user in users {
            for client in clients {
                let entity = QuotaEntity(user: user, client: client)
                if let rate = rates[entity]?[key] { return (entity, rate) }
            }
        }
        return nil
    }
}
