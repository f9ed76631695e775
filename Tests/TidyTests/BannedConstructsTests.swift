import Testing

@Suite struct BannedConstructsTests {
    private func findings(_ text: String, in target: String = "MillraceStorage") -> [Finding] {
        BannedConstructs.findings(in: SourceFile(path: "Sources/\(target)/A.swift", text: text))
    }

    @Test(arguments: [
        "Task { await a() }", "let a = Task(priority: .low) { b() }", "Task<Void, Never> {",
        "Task.detached {", "Task.immediate {", "try await Task.sleep(for: .seconds(1))",
        "let clock = ContinuousClock()", "SuspendingClock.now", "@MainActor func a() {}",
        "var a = SystemRandomNumberGenerator()", "Int.random(in: 0..<3)", "a.randomElement()",
        "a.shuffled()", "internal import Dispatch", "internal import Foundation",
        "DispatchQueue.main", "ObjectIdentifier(a)", "pthread_self()",
    ])
    func whatEscapesTheSimulationIsFound(text: String) {
        #expect(!findings(text).isEmpty)
        #expect(findings(text, in: "MillraceClient").isEmpty)
    }

    @Test(arguments: [
        "try await Task.sleep(for: .seconds(1), clock: clock)", "try Task.checkCancellation()",
        "shard.spawn { }", "func task(a: Int) {", "withTaskGroup(of: Int.self) { group in",
        "Int.random(in: 0..<3, using: &generator)", "// Task { }", "let a = \"Task { }\"",
        "struct ProduceTask {", "addTask { }",
    ])
    func whatStaysInIsNot(text: String) {
        #expect(findings(text) == [])
    }
}
