import Foundation
import MillraceClient
import MillraceNativeProtocol
import Synchronization
import Testing

/// A client that loses its broker goes on with the next connection.
@Suite(.timeLimit(.minutes(10))) struct ReconnectTests {
    private static let quick = ReconnectPolicy(
        initial: .milliseconds(1), max: .milliseconds(20), total: .seconds(20))

    private func client(
        _ broker: ScriptedBroker, _ policy: ReconnectPolicy = Self.quick, named name: String = ""
    ) async throws -> MillraceClient {
        try await MillraceClient.connect(
            to: .tcp(host: "127.0.0.1", port: broker.port),
            options: ConnectionOptions(reconnect: policy, clientID: name))
    }

    @Test func callsThatOnlyAskAreMadeAgain() async throws {
        let count = Mutex(0)
        let brokers = Mutex<ScriptedBroker?>(nil)
        let broker = try await ScriptedBroker.listen { frame, writer in
            let number = count.withLock { count in
                count += 1
                return count
            }
            guard number > 2 else {
                brokers.withLock { $0 }?.disconnect()
                return
            }
            writer.writeMessage(stream: frame.header.stream, body: WireListTopicsResponse())
            writer.writeEnd(stream: frame.header.stream, status: .ok)
        }
        brokers.withLock { $0 = broker }
        let client = try await client(broker)
        #expect(try await client.listTopics().isEmpty)
        #expect(broker.connectionCount == 3)
    }

    @Test func aCallThatMayHaveChangedSomethingFailsAndTheNextOneGoesOn() async throws {
        let brokers = Mutex<ScriptedBroker?>(nil)
        let broker = try await ScriptedBroker.listen { frame, writer in
            guard frame.header.method == Method.deleteTopic.rawValue else {
                writer.writeMessage(stream: frame.header.stream, body: WireListTopicsResponse())
                return writer.writeEnd(stream: frame.header.stream, status: .ok)
            }
            brokers.withLock { $0 }?.disconnect()
        }
        brokers.withLock { $0 = broker }
        let client = try await client(broker)
        let error = await #expect(throws: ClientError.self) { try await client.deleteTopic("t") }
        guard case .connectionLost = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try await client.listTopics().isEmpty)
        #expect(broker.connectionCount == 2)
    }

    /// Many tasks that find the connection gone make one new connection.
    @Test func aFarewellIsFollowedByOneConnectionForAll() async throws {
        let isLeaving = Mutex(true)
        let broker = try await ScriptedBroker.listen { frame, writer in
            let isFirst = isLeaving.withLock { isLeaving in
                defer { isLeaving = false }
                return isLeaving
            }
            let status = isFirst ? Status(.unavailable, "the broker is stopping") : .ok
            if isFirst {
                writer.writeGoAway(status)
            } else {
                writer.writeMessage(stream: frame.header.stream, body: WireListTopicsResponse())
            }
            writer.writeEnd(stream: frame.header.stream, status: status)
        }
        let client = try await client(broker)
        #expect(try await client.listTopics().isEmpty)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for _ in 0..<20 { tasks.addTask { _ = try await client.listTopics() } }
            try await tasks.waitForAll()
        }
        #expect(broker.connectionCount == 2)
    }

    @Test func theSearchEndsWithItsTime() async throws {
        let broker = try await ScriptedBroker.listen()
        let client = try await client(
            broker, ReconnectPolicy(initial: .milliseconds(1), total: .milliseconds(100)))
        try await broker.stop()
        broker.disconnect()
        // A call may have been under way when the connection broke, and the time be over then.
        let expected = ClientError.cannotConnect(
            address: "127.0.0.1:\(broker.port)", reason: "connection refused")
        while true {
            do {
                _ = try await client.listTopics()
            } catch ClientError.connectionLost {
                continue
            } catch {
                #expect(error == expected)
                break
            }
        }
    }

    /// To a port that clients' sockets may get, too, TCP connects a socket with itself now and then.
    @Test func whoMeetsItselfHasNotFoundABroker() async throws {
        let range = try String(contentsOfFile: "/proc/sys/net/ipv4/ip_local_port_range", encoding: .utf8)
        let first = try #require(range.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) })
        // Clients get the ports that are even as the first one is, in some order: one of these attempts is the one.
        let port = first + 2000
        for _ in 0..<200_000 {
            let error = await #expect(throws: ClientError.self) {
                try await MillraceClient.connect(port: port)
            }
            guard case .cannotConnect(_, let reason) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            if reason == "nobody listens there" { return }
        }
        Issue.record("no socket was connected with itself")
    }

    @Test func aClientThatIsClosedStopsItsSearch() async throws {
        let broker = try await ScriptedBroker.listen()
        let client = try await client(broker)
        try await broker.stop()
        broker.disconnect()
        let call = Task { try await client.listTopics() }
        try await Task.sleep(for: .milliseconds(20))
        await client.close()
        await #expect(throws: ClientError.closed) { try await call.value }
    }

    @Test func theFirstCallOfEachConnectionNamesTheClient() async throws {
        let broker = try await ScriptedBroker.listen { frame, writer in
            writer.writeMessage(stream: frame.header.stream, body: WireListTopicsResponse())
            writer.writeEnd(stream: frame.header.stream, status: .ok)
        }
        let client = try await client(broker, named: "billing")
        for _ in 0..<2 { _ = try await client.listTopics() }
        let options = try broker.frames.map { frame in
            frame.attachment.count == 0
                ? nil : try frame.attachment.decode(WireCallOptions.self).metadata["client-id"]
        }
        #expect(options == ["billing", nil])
    }

    @Test func aUnixSocketIsConnectedTo() async throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("millrace-\(UUID()).socket").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let broker = try await ScriptedBroker.listen(path: path) { frame, writer in
            writer.writeMessage(stream: frame.header.stream, body: WireListTopicsResponse())
            writer.writeEnd(stream: frame.header.stream, status: .ok)
        }
        let address = try #require(BrokerAddress("unix:\(path)"))
        let client = try await MillraceClient.connect(to: address)
        #expect(client.address == "unix:\(path)")
        #expect(try await client.listTopics().isEmpty)
        try await broker.stop()
    }
}
