import Foundation
import Testing

/// `millrace-sim` as a program: a seed tells the same story twice, to the last digit.
@Suite struct SimulationProgramTests {
    private func output(_ arguments: [String]) throws -> (text: String, status: Int32) {
        let process = Process()
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.executableURL = tests.deletingLastPathComponent()
            .appendingPathComponent("millrace-sim")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (String(decoding: bytes, as: UTF8.self), process.terminationStatus)
    }

    @Test(arguments: 1...3)
    func aSeedRepeatsItself(seed: Int) throws {
        let arguments = ["--seed", "\(seed)", "--rounds", "4"]
        let first = try output(arguments)
        #expect(first.status == 0, "\(first.text)")
        let last = first.text.split(separator: "\n").last ?? ""
        #expect(last.hasPrefix("seed \(seed) ok acknowledged="))
        #expect(!last.contains("acknowledged=0 "))
        #expect(!last.contains("faults=0 "))
        #expect(try output(arguments).text == first.text)
    }

    @Test func nonsenseIsRefused() throws {
        #expect(try output(["--rounds", "0"]).status != 0)
    }
}
