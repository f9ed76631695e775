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

    /// A share of what `Scripts/soak --only rebalances` runs.
    @Test func groupsKeepTheirPromises() throws {
        let result = try output(["groups", "--seed", "1000", "--rebalances", "300"])
        #expect(result.status == 0, "\(result.text)")
        let last = result.text.split(separator: "\n").last ?? ""
        #expect(last.hasPrefix("ok rebalances=3"))
        for figure in ["commits", "refused", "restarts"] {
            #expect(!last.contains(" \(figure)=0 "), "\(last)")
        }
    }

    @Test func groupsRepeatThemselves() throws {
        let arguments = ["groups", "--seed", "7", "--rebalances", "30"]
        let first = try output(arguments)
        #expect(first.status == 0, "\(first.text)")
        #expect(try output(arguments).text == first.text)
    }

    /// A share of what `Scripts/soak --only compaction` runs. The crashes have come while a segment was written and
    /// while one took the place of others.
    @Test func compactionKeepsToItsModel() throws {
        let result = try output(["compaction", "--seed", "5000", "--histories", "50"])
        #expect(result.status == 0, "\(result.text)")
        let last = result.text.split(separator: "\n").last ?? ""
        #expect(last.hasPrefix("ok histories=50 "))
        for figure in ["dropped", "while-writing", "while-swapping", "faults"] {
            #expect(!last.contains(" \(figure)=0 "), "\(last)")
        }
    }

    @Test func nonsenseIsRefused() throws {
        #expect(try output(["--rounds", "0"]).status != 0)
        #expect(try output(["groups", "--rebalances", "0"]).status != 0)
        #expect(try output(["compaction", "--histories", "0"]).status != 0)
    }
}
