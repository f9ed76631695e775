import Foundation
import PythonInterop
import Testing

/// Kafka's clients, unchanged, against a broker started from the built binary. The cases are those of
/// `Tests/Clients`; `Tests/Clients/CASES.md` says which client runs which.
@Suite(.enabled(if: PythonInterop.isAvailable, Comment(rawValue: PythonInterop.reason)))
struct KafkaClientTests {
    enum Client: String, CaseIterable {
        case kcat
        case confluent = "confluent-kafka"
        case kafkaPython = "kafka-python"
        case aiokafka
        case java

        /// Outside continuous integration a client that needs more than the Python environment may be
        /// absent; there it is an error.
        var isInstalled: Bool {
            let program: String? =
                switch self {
                case .kcat: "kcat"
                case .java: "java"
                default: nil
                }
            guard let program, !PythonInterop.mustRun else { return true }
            return ["/usr/bin/", "/usr/local/bin/"].contains {
                FileManager.default.isExecutableFile(atPath: $0 + program)
            }
        }

        static var installed: [Client] { allCases.filter(\.isInstalled) }
    }

    @Test(arguments: Client.installed)
    func everyCaseOf(_ client: Client) throws {
        let outcome = try ClientScripts.run(
            "Clients/run.py", ["--millrace", try ClientScripts.millrace(), "--client", client.rawValue])
        #expect(outcome.status == 0, "\(outcome.complaint)")
    }

    @Test func hostileTrafficDisturbsNobody() throws {
        let outcome = try ClientScripts.run(
            "Clients/hostile.py", ["--millrace", try ClientScripts.millrace()])
        #expect(outcome.status == 0, "\(outcome.complaint)")
    }

    /// `MILLRACE_STEADY_SECONDS` makes it longer.
    @Test func twoHundredConnectionsAreSteady() throws {
        let seconds = ProcessInfo.processInfo.environment["MILLRACE_STEADY_SECONDS"] ?? "10"
        let outcome = try ClientScripts.run(
            "Clients/steady.py", ["--millrace", try ClientScripts.millrace(), "--seconds", seconds])
        #expect(outcome.status == 0, "\(outcome.complaint)")
    }

    @Test func tableSaysWhoRunsWhat() throws {
        let outcome = try ClientScripts.run("Clients/run.py", ["--table"])
        let page = try String(contentsOf: ClientScripts.path("Clients/CASES.md"), encoding: .utf8)
        #expect(outcome.status == 0)
        #expect(
            outcome.output == page,
            "run .build-python/bin/python Tests/Clients/run.py --table >Tests/Clients/CASES.md")
    }
}
