import Foundation
import Testing

/// `millrace serve --listen unix:PATH`.
struct UnixSocketTests {
    @Test func theSocketsFileFollowsTheBroker() throws {
        let socket = "/tmp/millrace-\(UInt32.random(in: 0 ... .max)).socket"
        defer { try? FileManager.default.removeItem(atPath: socket) }
        let broker = try BrokerProcess(["--listen", "unix:\(socket)"])
        defer { broker.remove() }
        #expect(FileManager.default.fileExists(atPath: socket))

        let other = broker.directory.path + "-other"
        defer { try? FileManager.default.removeItem(atPath: other) }
        let refused = try Commands.run([
            "serve", "--data-dir", other, "--listen", "unix:\(socket)", "--kafka", "127.0.0.1:0",
        ])
        #expect(refused.status != 0)
        #expect(refused.errors.contains("another program listens on \(socket)"), "\(refused.errors)")

        // What a killed broker leaves is replaced by the next.
        broker.kill()
        #expect(FileManager.default.fileExists(atPath: socket))
        try broker.start()
        #expect(broker.stop() == 0)
        #expect(!FileManager.default.fileExists(atPath: socket))
    }

    @Test func kafkaClientsHaveNoFile() throws {
        let refused = try Commands.run(["serve", "--kafka", "unix:/tmp/k"])
        #expect(refused.status != 0)
        #expect(refused.errors.contains("Kafka clients connect over TCP"), "\(refused.errors)")
    }
}
