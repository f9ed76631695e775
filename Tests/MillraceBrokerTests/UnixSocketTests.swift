import Foundation
import MillraceNativeProtocol
import MillraceShard
import SystemPackage
import Testing

/// Clients that come through a file.
@Suite(.serialized) struct UnixSocketTests {
    private static func withSocket(
        _ body: (RunningBroker, _ path: String) async throws -> Void
    ) async throws {
        let running = try await RunningBroker()
        // The path of a socket is short.
        let path = "/tmp/millrace-\(UInt32.random(in: 0 ... .max)).socket"
        defer { try? FileManager.default.removeItem(atPath: path) }
        do {
            try await body(running, path)
        } catch {
            await running.stop()
            throw error
        }
        await running.stop()
        #expect(!FileManager.default.fileExists(atPath: path))
        try? FileManager.default.removeItem(atPath: running.path)
    }

    private static func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func clientsAreServedThroughAFile() async throws {
        try await Self.withSocket { running, path in
            let bound = try await running.broker.listen(on: .unix(path: path))
            #expect("\(bound)" == "unix:\(path)")
            #expect(try Self.mode(path) == 0o600)
            try await onThread {
                var client = try BlockingClient(path: path)
                try BrokerTests.create("t", 1, on: &client)
                try BrokerTests.produce(1000, to: "t", partitions: 1, on: &client)
                let values = try BrokerTests.subscribe(to: "t", 0, credit: 10_000, on: &client)
                #expect(values == (0..<1000).map { "value \($0)" })
            }.get()
        }
    }

    @Test func aLiveOnesFileIsRefusedAndADeadOnesReplaced() async throws {
        try await Self.withSocket { running, path in
            // A socket that is bound and does not listen is what a killed process leaves.
            let dead = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let bound = withUnsafeBytes(of: address) {
                bind(dead, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
            }
            #expect(bound == 0)
            close(dead)
            _ = try await running.broker.listen(on: .unix(path: path))
            #expect(try Self.mode(path) == 0o600)
            await #expect(throws: Errno.addressInUse) {
                _ = try await running.broker.listen(on: .unix(path: path))
            }
            // The refused one has not taken the file from the live one.
            try await onThread {
                var client = try BlockingClient(path: path)
                _ = try client.ask(.health, WireHealthRequest(), WireHealthResponse.self)
            }.get()
        }
    }

    @Test func otherFilesAreLeftAlone() async throws {
        let running = try await RunningBroker()
        let path = running.path + "-file"
        try "precious".write(toFile: path, atomically: true, encoding: .utf8)
        await #expect(throws: Errno.notSocket) {
            _ = try await running.broker.listen(on: .unix(path: path))
        }
        await #expect(throws: Errno.fileNameTooLong) {
            _ = try await running.broker.listen(on: .unix(path: "/tmp/" + String(repeating: "x", count: 103)))
        }
        await running.stop()
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
        for path in [path, running.path] { try? FileManager.default.removeItem(atPath: path) }
    }
}
