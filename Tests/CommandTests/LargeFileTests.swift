import Foundation
import Testing

/// The main job on a real file: at least 100 MB in, as LZ4, and out again, through three processes,
/// with equal SHA-256.
@Suite struct LargeFileTests {
    private static let bytesMin = 100 << 20

    /// Debian's package lists, decompressed, as often as it takes; or, where there are none, the
    /// texts of the documentation.
    private static func realText(at file: URL) throws {
        let script = """
            set -e
            lists=$(ls /var/lib/apt/lists/*Packages* 2>/dev/null || true)
            if [ -n "$lists" ]; then
                for list in $lists; do /usr/lib/apt/apt-helper cat-file "$list"; done > "$1.once"
            else
                find /usr/share /usr/include -type f -name '*[.ht]' -size +1k \\
                    -exec cat {} + 2>/dev/null > "$1.once" || true
            fi
            [ "$(tail -c 1 "$1.once")" = "" ] || echo >> "$1.once"
            touch "$1"
            while [ "$(stat -c %s "$1")" -lt \(bytesMin) ]; do cat "$1.once" >> "$1"; done
            rm "$1.once"
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", script, "bash", file.path]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    private static func hash(_ file: URL) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        process.arguments = [file.path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return String(text.prefix(64))
    }

    @Test func aHundredMegabytesComeBack() throws {
        let place = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-large-\(UUID())")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        let sent = place.appendingPathComponent("sent")
        let received = place.appendingPathComponent("received")
        try Self.realText(at: sent)
        let size = try sent.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
        #expect(size >= Self.bytesMin)

        let broker = try BrokerProcess(in: place.appendingPathComponent("data"))
        _ = try Commands.run(["topic", "create", "packages"] + broker.bootstrap)
        let produced = try Commands.run(
            ["produce", "packages", "--file", sent.path, "--compression", "lz4"] + broker.bootstrap)
        #expect(produced.status == 0, "\(produced.errors)")
        try Commands.run(["consume", "packages"] + broker.bootstrap).output.write(to: received)
        #expect(try Self.hash(received) == Self.hash(sent))
        #expect(broker.stop() == 0)
    }
}
