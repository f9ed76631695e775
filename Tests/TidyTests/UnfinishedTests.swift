import Testing

@Suite struct UnfinishedTests {
    private func findings(_ text: String) -> [Finding] {
        Unfinished.findings(in: SourceFile(path: "A.swift", text: text))
    }

    @Test(arguments: [
        "// TO" + "DO: later", "/* FIX" + "ME */", "a() // XX" + "X", "It does for" + " now.",
        "cp a /ro" + "ot/b", "\"/ho" + "me/a/b\"", "open('/Us" + "ers/a')",
    ])
    func whatIsUnfinishedIsFound(text: String) {
        #expect(findings("\n" + text).map(\.line) == [2])
    }

    @Test(arguments: ["topic", "therefor nowhere", "https://a.b/ho" + "me/c", "Sources/wo" + "rk/a"])
    func otherWordsAreNot(text: String) {
        #expect(findings(text) == [])
    }
}
