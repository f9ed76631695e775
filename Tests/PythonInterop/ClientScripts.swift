package import Foundation

/// Runs the scripts under `Tests` that start the built `millrace` themselves, to be its clients.
package enum ClientScripts {
    package struct Outcome {
        package let status: Int32
        package let output: String

        /// The lines that say what failed, or all of them when none does.
        package var complaint: String {
            let failed = output.split(separator: "\n").filter {
                $0.hasPrefix("failed") || $0.hasPrefix("fault")
            }
            return failed.isEmpty ? output : failed.joined(separator: "\n")
        }
    }

    package struct NotBuilt: Error, CustomStringConvertible {
        package let path: String
        package var description: String { "\(path) is not built" }
    }

    package static func path(_ name: String) -> URL {
        PythonInterop.packageRoot.appending(path: "Tests/\(name)")
    }

    /// What was built beside the tests.
    package static func millrace() throws -> String {
        let bundle = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
        let url = (bundle ?? URL(fileURLWithPath: CommandLine.arguments[0]))
            .deletingLastPathComponent().appendingPathComponent("millrace")
        guard FileManager.default.isExecutableFile(atPath: url.path) else {
            throw NotBuilt(path: url.path)
        }
        return url.path
    }

    package static func run(_ script: String, _ arguments: [String]) throws -> Outcome {
        let process = Process()
        process.executableURL = PythonInterop.python
        process.arguments = [path(script).path] + arguments
        let output = Pipe()
        process.standardOutput = output
        // What clients log is shown by a failed run only, so that a good one stays readable.
        let log = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-client-log-\(UUID())")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: log) }
        process.standardError = try FileHandle(forWritingTo: log)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self)
        print(text)
        if process.terminationStatus != 0 {
            let errors = String(decoding: try Data(contentsOf: log), as: UTF8.self)
            print(errors.suffix(6000))
        }
        return Outcome(status: process.terminationStatus, output: text)
    }
}
