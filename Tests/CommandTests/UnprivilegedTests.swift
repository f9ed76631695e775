import Foundation
import Testing

/// The broker as nobody in particular: no root, the usual 8 MiB of locked memory, two shards.
@Suite struct UnprivilegedTests {
    @Test(.enabled(if: getuid() == 0, "setpriv needs root to become somebody else"))
    func servesWithoutPrivileges() throws {
        // Neither the build nor the temporary directory need be open to others.
        let place = URL(fileURLWithPath: "/var/tmp/millrace-nobody-\(UUID())")
        defer { try? FileManager.default.removeItem(at: place) }
        let data = place.appendingPathComponent("data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        chmod(place.path, 0o755)
        chown(data.path, 65534, 65534)
        let executable = place.appendingPathComponent("millrace")
        try FileManager.default.copyItem(at: Commands.executable(), to: executable)
        let broker = try BrokerProcess(
            in: data, ["--shards", "2"],
            through: [
                "prlimit", "--memlock=8388608:8388608", "setpriv", "--reuid", "65534", "--regid",
                "65534", "--clear-groups", "--no-new-privs",
            ], executable: executable.path)
        _ = try Commands.run(["topic", "create", "t", "--partitions", "4"] + broker.bootstrap)
        let text = (0..<50_000).map { "\($0)\n" }.joined()
        _ = try Commands.run(["produce", "t"] + broker.bootstrap, input: Data(text.utf8))
        let found = try Commands.run(["consume", "t"] + broker.bootstrap).text
        #expect(Set(found.split(separator: "\n")) == Set(text.split(separator: "\n")))
        #expect(found.split(separator: "\n").count == 50_000)
        #expect(broker.stop() == 0)
    }
}
