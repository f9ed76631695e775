import MillraceBroker
import MillraceNativeProtocol
import MillraceShard
import Testing

/// Clients that say nothing.
@Suite(.serialized) struct SilenceTests {
    private static var options: BrokerOptions {
        var options = BrokerOptions()
        options.silenceMax = .milliseconds(200)
        return options
    }

    @Test func aSilentPeerIsAskedAndThenDisconnected() async throws {
        try await withBroker(options: Self.options) { running in
            var client = try RawClient(port: running.port)
            let asked = try client.next()
            #expect(asked?.header.kind == .ping)
            #expect(asked?.header.flags == [])
            let isClosed = try client.next() == nil
            #expect(isClosed)
        }
    }

    /// Found on a machine that stood still between a connection and its first bytes.
    @Test func whoeverHasNotSpokenYetIsGreetedBeforeItIsAsked() async throws {
        try await withBroker(options: Self.options) { running in
            var client = try RawClient(port: running.port, preface: false)
            let asked = try client.next()
            #expect(asked?.header.kind == .ping)
        }
    }

    @Test func whoeverAnswersStays() async throws {
        try await withBroker(options: Self.options) { running in
            var client = try RawClient(port: running.port)
            for _ in 0..<5 {
                let asked = try client.next()
                #expect(asked?.header.kind == .ping)
                client.send { $0.writePing(asked?.pingPayload() ?? 0, answering: true) }
            }
            // Whoever speaks is not asked.
            for round in UInt32(0)..<10 {
                client.send { $0.writeCall(.health, stream: StreamID(1 + 2 * round), request: WireHealthRequest()) }
                let answer = try client.next()
                #expect(answer?.header.kind == .message)
                let end = try client.next()
                #expect(end?.header.kind == .end)
                _ = client.socket.isReadable(within: 100)
            }
        }
    }
}
