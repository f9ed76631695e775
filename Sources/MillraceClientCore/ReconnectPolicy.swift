/// How a client that has lost its broker looks for it again: the pauses double from `initial` to `max`, and each is
/// cut by chance to between a half and the whole of itself, so that many clients do not come at once.
public struct ReconnectPolicy: Hashable, Sendable {
    /// The pause before the first attempt.
    public var initial: Duration
    /// The longest pause.
    public var max: Duration
    /// How long is tried before the call that needs the broker fails with the last attempt's error.
    public var total: Duration

    /// - Parameters:
    ///   - initial: the pause before the first attempt.
    ///   - max: the longest pause.
    ///   - total: how long is tried; zero is not at all.
    public init(
        initial: Duration = .milliseconds(50), max: Duration = .seconds(2),
        total: Duration = .seconds(120)
    ) {
        self.initial = initial
        self.max = max
        self.total = total
    }

    /// A connection that is lost is not made again: every call fails from then on.
    public static let never = ReconnectPolicy(initial: .zero, max: .zero, total: .zero)

    /// Whether a lost connection is made again.
    public var isEnabled: Bool { total > .zero }
}

/// The pauses of one search for the broker.
package struct Backoff: Sendable {
    private let policy: ReconnectPolicy
    private var pause: Duration

    package init(_ policy: ReconnectPolicy) {
        self.policy = policy
        pause = policy.initial
    }

    /// How long to wait before the next attempt.
    package mutating func next(using random: inout some RandomNumberGenerator) -> Duration {
        let whole = min(pause, policy.max)
        pause = min(whole * 2, policy.max)
        return whole * Double.random(in: 0.5...1, using: &random)
    }

    /// The broker is there again.
    package mutating func reset() { pause = policy.initial }
}

extension ClientError {
    /// Whether the same call may succeed over another connection, or a little later.
    package var isTransient: Bool {
        switch self {
        case .connectionLost, .cannotConnect, .noAnswer: true
        case .refused(let code, _, _): code == .unavailable
        default: false
        }
    }
}
