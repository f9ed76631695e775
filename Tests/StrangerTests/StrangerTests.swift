import PythonInterop
import Testing

/// The client of `Tests/Stranger`, which knows the published protocol and nothing of ours, against a broker started
/// from the built binary.
@Suite(.enabled(if: PythonInterop.isAvailable, Comment(rawValue: PythonInterop.reason)))
struct StrangerTests {
    @Test(arguments: [[], ["--unix"]])
    func everyCase(_ flags: [String]) throws {
        let outcome = try ClientScripts.run(
            "Stranger/conformance.py", ["--millrace", try ClientScripts.millrace()] + flags)
        #expect(outcome.status == 0, "\(outcome.complaint)")
        // A broker that the script starts may be killed, so that nothing is left out.
        #expect(outcome.output.hasSuffix(" passed, 0 failed, 0 skipped\n"))
    }
}
