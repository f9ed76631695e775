import Foundation
import Millrace

/// Event sourcing: customers are what their events make of them. Reads commands, a line each, and
/// answers each with a line.
///
///     customers DIRECTORY
///     insert 7 Ada             -> ok
///     rename 7 Ada Lovelace    -> ok
///     rename 8 Charles         -> refused: customer 8 was never inserted
///     remove 7                 -> ok
///     list                     -> the customers, a line each
///     problems                 -> the events that were set aside
@main
struct Program {
    static func main() async throws {
        guard CommandLine.arguments.count == 2 else {
            FileHandle.standardError.write(Data("usage: customers DIRECTORY\n".utf8))
            exit(64)
        }
        let engine = try await Engine.open(CommandLine.arguments[1])
        var customers = try await Customers(rebuiltFrom: engine)
        print("\(customers.names.count) customers rebuilt from \(customers.eventCount) events")
        while let line = readLine() {
            print(try await answer(line, &customers))
        }
        await engine.close()
    }

    private static func answer(_ line: String, _ customers: inout Customers) async throws -> String {
        let words = line.split(separator: " ", maxSplits: 2).map(String.init)
        do {
            switch (words.first, words.count) {
            case ("insert", 3):
                _ = try await customers.record(.inserted(name: words[2]), of: words[1])
            case ("rename", 3):
                _ = try await customers.record(.renamed(name: words[2]), of: words[1])
            case ("remove", 2):
                _ = try await customers.record(.removed, of: words[1])
            case ("list", 1):
                return customers.names.sorted { $0.key < $1.key }
                    .map { "\($0.key) \($0.value)" }.joined(separator: "\n")
            case ("problems", 1):
                return customers.setAside.map {
                    "partition \($0.position.partition) offset \($0.position.offset): \($0.reason)"
                }.joined(separator: "\n")
            default:
                return "use: insert ID NAME, rename ID NAME, remove ID, list, problems"
            }
            return "ok"
        } catch let refusal as Customers.Refusal {
            return "refused: \(refusal)"
        }
    }
}
