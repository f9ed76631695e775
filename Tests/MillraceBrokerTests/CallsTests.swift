import MillraceBytes
import MillraceNativeProtocol
import SwiftProtobuf
import Testing

/// Deadlines, cancels, and what ends a connection.
@Suite(.serialized) struct CallsTests {
    private static func topic(_ port: UInt16) throws {
        var client = try BlockingClient(port: port)
        try BrokerTests.create("t", 1, on: &client)
    }

    private static func timeout(_ milliseconds: UInt64) -> WireCallOptions {
        var options = WireCallOptions()
        options.timeoutMs = milliseconds
        return options
    }

    private static var subscribe: WireSubscribeRequest {
        var request = WireSubscribeRequest()
        request.topic = "t"
        request.follow = true
        request.creditBytes = 1000
        return request
    }

    private static var produce: WireProduceOpen {
        var request = WireProduceOpen()
        request.topic = "t"
        return request
    }

    @Test func callsEndAtTheirDeadlines() async throws {
        try await withBroker { running in
            try Self.topic(running.port)
            var client = try RawClient(port: running.port)
            client.send {
                $0.writeCall(.subscribe, stream: StreamID(1), request: Self.subscribe, options: Self.timeout(300))
                $0.writeCall(.produce, stream: StreamID(3), request: Self.produce, options: Self.timeout(200))
                $0.writeCall(
                    .watchHealth, stream: StreamID(5), request: WireHealthRequest(), options: Self.timeout(100))
            }
            for stream in [UInt32(5), 3, 1] {
                let frame = try client.next(.end)
                #expect(frame?.header.stream == StreamID(stream))
                let status = try frame?.status()
                #expect(status?.code == .deadlineExceeded)
                #expect(status?.message.contains("timeout_ms=") == true)
            }
            // The connection goes on, and a unary call gets one END, whichever comes first.
            for number in UInt32(0)..<50 {
                var request = WireCreateTopicRequest()
                request.name = "topic-\(number)"
                let stream = StreamID(7 + 2 * number)
                client.send { $0.writeCall(.createTopic, stream: stream, request: request, options: Self.timeout(1)) }
                let status = try client.end(of: stream)
                #expect(status?.isOK == true || status?.code == .deadlineExceeded)
            }
            // A message for the call that is over crossed its END.
            client.send {
                $0.writeMessage(stream: StreamID(3), body: WireProduceBatch(), attachmentCount: 1)
                $0.writeUInt8(0)
                $0.writeHalfClose(stream: StreamID(3))
                $0.writeCredit(stream: StreamID(1), bytes: 1)
                $0.writeCancel(stream: StreamID(1))
                $0.writePing(1)
            }
            let answer = try client.next()
            #expect(answer?.header.kind == .ping)
        }
    }

    @Test func cancelsAndDeadlinesFreeTheirCallsAtOnce() async throws {
        try await withBroker { running in
            try Self.topic(running.port)
            var client = try RawClient(port: running.port)
            var stream = UInt32(1)
            for round in 0..<4 {
                let first = stream
                client.send { writer in
                    for _ in 0..<1000 {
                        let options = round % 2 == 0 ? nil : Self.timeout(50)
                        writer.writeCall(
                            .subscribe, stream: StreamID(stream), request: Self.subscribe, options: options)
                        stream += 2
                    }
                    // One too many.
                    writer.writeCall(.health, stream: StreamID(stream), request: WireHealthRequest())
                }
                let refused = try client.end(of: StreamID(stream))
                #expect(refused?.code == .resourceExhausted)
                #expect(refused?.details == ["limit": "1000"])
                stream += 2
                if round % 2 == 0 {
                    client.send { writer in
                        for id in 0..<UInt32(1000) { writer.writeCancel(stream: StreamID(first + 2 * id)) }
                    }
                }
                for _ in 0..<1000 {
                    let status = try client.next(.end)?.status()
                    #expect(status?.code == (round % 2 == 0 ? .cancelled : .deadlineExceeded))
                }
            }
            client.send { $0.writeCall(.health, stream: StreamID(stream), request: WireHealthRequest()) }
            let status = try client.end(of: StreamID(stream))
            #expect(status?.isOK == true)
        }
    }

    /// What a client may not send, and what it is told.
    private static var violations: [(String, @Sendable (inout ByteWriter) -> Void)] {
        let health = WireHealthRequest()
        return [
            ("CALL came on stream 3", {
                $0.writeCall(.watchHealth, stream: StreamID(3), request: health)
                $0.writeCall(.watchHealth, stream: StreamID(3), request: health)
            }),
            ("CALL came on stream 1", {
                $0.writeCall(.watchHealth, stream: StreamID(3), request: health)
                $0.writeCall(.watchHealth, stream: StreamID(1), request: health)
            }),
            ("CALL came on stream 2", { $0.writeCall(.health, stream: StreamID(2), request: health) }),
            ("MESSAGE came on stream 1", {
                $0.writeCall(.listTopics, stream: StreamID(1), request: WireListTopicsRequest())
                $0.writeMessage(stream: StreamID(1), body: health)
            }),
            ("MESSAGE came on stream 1", {
                $0.writeCall(.watchHealth, stream: StreamID(1), request: health)
                $0.writeMessage(stream: StreamID(1), body: health)
            }),
            ("MESSAGE came on stream 9", { $0.writeMessage(stream: StreamID(9), body: health) }),
            ("CANCEL came on stream 9", { $0.writeCancel(stream: StreamID(9)) }),
            ("END came on stream 9", { $0.writeHalfClose(stream: StreamID(9)) }),
            ("CREDIT came on stream 9", { $0.writeCredit(stream: StreamID(9), bytes: 1) }),
            ("MESSAGE came on stream 1", {
                $0.writeCall(.produce, stream: StreamID(1), request: produce)
                $0.writeHalfClose(stream: StreamID(1))
                $0.writeMessage(stream: StreamID(1), body: WireProduceBatch())
            }),
            ("GOAWAY came on stream 0", { $0.writeGoAway(.ok) }),
            ("END frame has a body of", {
                $0.writeCall(.watchHealth, stream: StreamID(1), request: health)
                $0.writeEnd(stream: StreamID(1), status: Status(.cancelled, "no"))
            }),
            ("of credit on top of", { writer in
                var request = subscribe
                request.creditBytes = 1 << 40
                writer.writeCall(.subscribe, stream: StreamID(1), request: request)
                writer.writeCredit(stream: StreamID(1), bytes: 1)
            }),
            ("of credit on top of", { writer in
                for _ in 0..<258 { writer.writeCredit(stream: .connection, bytes: .max) }
            }),
            ("is over the limit of", {
                $0.writeFrameHeader(FrameHeader(kind: .message, stream: StreamID(1), bodyCount: 80 << 20))
            }),
            ("millrace.v1.CallOptions", {
                $0.writeFrameHeader(
                    FrameHeader(
                        kind: .call, stream: StreamID(1), method: Method.health.rawValue, bodyCount: 0,
                        attachmentCount: 3))
                $0.writeBytes([0xff, 0xff, 0xff])
            }),
        ]
    }

    @Test func aPeerThatBreaksTheRulesHearsWhy() async throws {
        try await withBroker { running in
            try Self.topic(running.port)
            // What comes behind is not read as frames, and does not keep the reason from arriving.
            let rest = [UInt8](repeating: 0x55, count: 3 << 20)
            for (reason, violate) in Self.violations {
                var client = try RawClient(port: running.port)
                client.send(violate)
                try client.expectGoAway(reason)
                var pushing = try RawClient(port: running.port)
                pushing.send {
                    violate(&$0)
                    $0.writeBytes(rest)
                }
                try pushing.expectGoAway(reason)
            }
        }
    }

    @Test func strangersAndOtherVersionsGetThePrefaceAndTheReason() async throws {
        try await withBroker { running in
            var stranger = try RawClient(port: running.port, preface: false)
            stranger.socket.sendAll(Array("GET / HTTP/1.1\r\n\r\n".utf8))
            try stranger.expectGoAway("it began with")
            var newer = try RawClient(port: running.port, preface: false)
            newer.send { $0.writePreface(Preface(version: 9)) }
            try newer.expectGoAway("version 9")
        }
    }

    /// More than is held of requests at once.
    @Test func manyLargeRequestsAreAllAnswered() async throws {
        try await withBroker { running in
            var client = try RawClient(port: running.port)
            // A field that the broker does not know, number 15, of 1 MiB.
            let body: [UInt8] = [0x7a, 0x80, 0x80, 0x40] + [UInt8](repeating: 7, count: 1 << 20)
            var open: Set<StreamID> = []
            for number in UInt32(0)..<40 {
                let stream = StreamID(1 + 2 * number)
                open.insert(stream)
                client.send {
                    $0.writeFrameHeader(
                        FrameHeader(
                            kind: .call, stream: stream, method: Method.listTopics.rawValue, bodyCount: body.count))
                    $0.writeBytes(body)
                }
            }
            while !open.isEmpty, let frame = try client.next(.end) {
                open.remove(frame.header.stream)
                #expect(try frame.status().isOK)
            }
            #expect(open.isEmpty)
        }
    }

    @Test func whatWasSentComesBackInShort() async throws {
        try await withBroker { running in
            var client = try BlockingClient(port: running.port)
            var request = WireCreateTopicRequest()
            request.name = "t"
            var config = WireConfig()
            config.key = "retention.ms"
            // One character, of many scalars.
            config.value = "e" + String(repeating: "\u{301}", count: 20_000)
            request.configs = [config]
            let stream = try client.call(.createTopic, request)
            guard case .ended(stream, let status) = try client.next() else {
                Issue.record("no end came")
                return
            }
            #expect(status.code == .invalidArgument)
            #expect(status.message.utf8.starts(with: "config retention.ms=e".utf8))
            #expect(status.message.utf8.count <= 2000)
            #expect(status.details.values.allSatisfy { $0.utf8.count <= 2000 })
        }
    }

    @Test func methodsThatAreNotServedSaySo() async throws {
        try await withBroker { running in
            var client = try RawClient(port: running.port)
            client.send {
                $0.writeFrameHeader(FrameHeader(kind: .call, stream: StreamID(1), method: 0x7777, bodyCount: 0))
            }
            let status = try client.end(of: StreamID(1))
            #expect(status?.code == .unimplemented)
            #expect(status?.message.contains("0x7777") == true)
        }
    }
}
