import Testing

/// What compaction takes of memory does not depend on the size of the log.
@Suite struct CompactionMemoryTests {
    /// A share of `Scripts/soak --only compaction-memory`.
    @Test func aLogIsCompactedWithinSixtyFourMegabytes() throws {
        let outcome = try Commands.run(
            ["--megabytes", "200", "--keys", "50000"], program: "compaction-memory")
        #expect(outcome.status == 0, "\(outcome.text)\(outcome.errors)")
    }
}
