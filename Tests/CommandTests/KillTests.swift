import Testing

/// What holds over a broker that is killed with -9 at random moments. A failed run comes again with the seed that it
/// printed: `broker-kills ... --seed`.
@Suite struct KillTests {
    @Test func acknowledgedRecordsSurviveFiftyKills() throws {
        let line = try lastLine("acknowledged", kills: 50)
        let match = try #require(line.firstMatch(of: /^50 kills: (\d+) records acknowledged/), "\(line)")
        #expect(try #require(Int(match.1)) > 1000)
    }

    /// A share of `Scripts/soak --only swift-client`.
    @Test func clientsGoOnOverABrokerThatIsKilled() throws {
        let line = try lastLine("clients", kills: 3)
        let match = try #require(line.firstMatch(of: /^3 kills under .*: (\d+) records acknowledged, each/), "\(line)")
        #expect(try #require(Int(match.1)) > 1000)
    }

    private func lastLine(_ program: String, kills: Int) throws -> String {
        let outcome = try Commands.run(
            [program, "--millrace", try Commands.executable().path, "--kills", "\(kills)"],
            program: "broker-kills")
        try #require(outcome.status == 0, "\(outcome.text)\(outcome.errors)")
        return outcome.text.split(separator: "\n").last.map(String.init) ?? ""
    }
}
