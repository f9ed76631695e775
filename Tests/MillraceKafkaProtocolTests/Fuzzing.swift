import Foundation

/// Where the random messages and bytes come from. Every run has a new seed, which it prints; one that failed is run
/// again with the variable set to what it printed.
enum Fuzzing {
    static let seed: UInt64 = {
        let given = ProcessInfo.processInfo.environment["MILLRACE_FUZZ_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...9_999_999)
        print("MILLRACE_FUZZ_SEED=\(seed) MILLRACE_FUZZ_ROUNDS=\(rounds)")
        return seed
    }()

    /// How many messages of each version: a few in every run of the tests, more in a longer hunt.
    static let rounds: Int = {
        ProcessInfo.processInfo.environment["MILLRACE_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 4
    }()

    static var seeds: [UInt64] { (0..<UInt64(rounds)).map { seed &+ $0 } }
}
