/// SplitMix64: the one source of chance in a simulation, so that a seed is the whole story.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The seed is mixed first: as a plain start, or a multiple of the step, neighbouring seeds
    /// would draw the same numbers a few places later, and tell one story many times.
    package init(seed: UInt64) {
        var mixed = seed ^ 0x5851_F42D_4C95_7F2D
        for _ in 0..<2 {
            mixed = (mixed ^ (mixed >> 33)) &* 0xFF51_AFD7_ED55_8CCD
            mixed = (mixed ^ (mixed >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        }
        state = mixed ^ (mixed >> 33)
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is above 0.
    package mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    package mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.count)
    }

    /// True once in `count` draws.
    package mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }
}
