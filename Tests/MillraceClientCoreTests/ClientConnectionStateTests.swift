import MillraceBytes
import MillraceClientCore
import MillraceNativeProtocol
import Testing

@Suite struct ClientConnectionStateTests {
    private func request() -> WireDescribeTopicRequest {
        var request = WireDescribeTopicRequest()
        request.name = "orders"
        return request
    }

    @Test func callsGoOutBehindThePrefaceUnderOddStreamIDs() throws {
        var state = ClientConnectionState()
        #expect(try state.call(.describeTopic, request()) == StreamID(1))
        #expect(try state.call(.describeTopic, request()) == StreamID(3))
        let expected = bytes {
            $0.writePreface()
            $0.writeCall(.describeTopic, stream: StreamID(1), request: request())
            $0.writeCall(.describeTopic, stream: StreamID(3), request: request())
        }
        #expect(state.takeOutputBytes() == expected)
        #expect(state.takeOutput().isEmpty)
    }

    @Test func anAnswerComesAsEvents() throws {
        var state = ClientConnectionState()
        let stream = try state.call(.describeTopic, request())
        var answer = WireTopicDescription()
        answer.name = "orders"
        let events = try state.events(
            of: bytes {
                $0.writePreface()
                $0.writeMessage(stream: stream, body: answer)
                $0.writeEnd(stream: stream, status: .ok)
            })
        try #require(events.count == 3)
        guard case .connected = events[0], case .message(stream, let body, _) = events[1],
            case .ended(stream, let status) = events[2]
        else {
            Issue.record("\(events)")
            return
        }
        #expect(try body.decode(WireTopicDescription.self) == answer)
        #expect(status == .ok)
        #expect(state.openStreams.isEmpty)
    }

    @Test func nothingComesForACancelledCall() throws {
        var state = ClientConnectionState()
        let stream = try state.call(.subscribe, WireSubscribeRequest())
        _ = try state.events(of: bytes { $0.writePreface() })
        _ = state.takeOutput()
        state.cancel(stream)
        state.cancel(stream)
        state.grant(10, on: stream)
        state.send(WireProduceBatch(), on: stream)
        state.halfClose(stream)
        #expect(state.takeOutputBytes() == bytes { $0.writeCancel(stream: stream) })
        let events = try state.events(
            of: bytes {
                $0.writeMessage(stream: stream, body: WireSubscribeBatch(), attachmentCount: 1)
                $0.writeUInt8(0)
                $0.writeEnd(stream: stream, status: Status(.cancelled))
            })
        #expect(events.isEmpty)
    }

    @Test func aPingIsAnsweredAndAnAnswerIsNot() throws {
        var state = ClientConnectionState()
        _ = try state.events(of: bytes { $0.writePreface() })
        _ = state.takeOutput()
        let events = try state.events(
            of: bytes {
                $0.writePing(42)
                $0.writePing(7, answering: true)
            })
        #expect(events.isEmpty)
        #expect(state.takeOutputBytes() == bytes { $0.writePing(42, answering: true) })
    }

    @Test func afterAGoAwayNewCallsAreRefusedAndOpenOnesGoOn() throws {
        var state = ClientConnectionState()
        let stream = try state.call(.describeTopic, request())
        let events = try state.events(
            of: bytes {
                $0.writePreface()
                $0.writeGoAway(Status(.unavailable, "the broker stops"))
                $0.writeEnd(stream: stream, status: Status(.notFound, "none"))
            })
        #expect(events.count == 3)
        #expect(
            throws: ClientError.refused(
                code: .unavailable, message: "the broker stops", details: [:])
        ) { _ = try state.call(.describeTopic, request()) }
    }

    @Test func attachmentsAreNotCopiedIntoTheHead() throws {
        var state = ClientConnectionState()
        let stream = try state.call(.produce, WireProduceOpen())
        let attachment = [UInt8](repeating: 9, count: 100)
        state.send(WireProduceBatch(), attachment: attachment, on: stream)
        state.halfClose(stream)
        state.send(WireProduceBatch(), attachment: attachment, on: stream)
        let output = state.takeOutput()
        #expect(output.map(\.attachment) == [attachment, []])
    }

    /// What may not come ends the connection, and says so again when asked again.
    @Test(arguments: [FrameKind.message, .end, .call, .cancel])
    func aFrameThatMayNotComeIsAnError(kind: FrameKind) throws {
        var state = ClientConnectionState()
        let stream = StreamID(9)
        let sent = bytes {
            $0.writePreface()
            switch kind {
            case .message: $0.writeMessage(stream: stream, body: WireSubscribeBatch())
            case .end: $0.writeEnd(stream: stream, status: .ok)
            case .call: $0.writeCall(.produce, stream: stream, request: WireProduceOpen())
            default: $0.writeCancel(stream: stream)
            }
        }
        let expected = FrameError.unexpectedFrame(kind: kind, stream: stream)
        #expect(throws: expected) { _ = try state.events(of: sent) }
        #expect(throws: expected) { _ = try state.nextEvent() }
        #expect(throws: ClientError.self) { _ = try state.call(.produce, WireProduceOpen()) }
    }

    @Test func anHTTPServerIsToldApart() {
        var state = ClientConnectionState()
        #expect(throws: FrameError.notMillrace(firstBytes: Array("HTTP/1.1".utf8))) {
            _ = try state.events(of: Array("HTTP/1.1 400 Bad Request\r\n".utf8))
        }
    }

    /// Mutated answers bring events or a typed error, never a trap.
    @Test func mutatedAnswersGiveEventsOrTypedErrors() throws {
        var random = SplitMix(seed: 0x636c_6965)
        let answer = bytes {
            $0.writePreface()
            $0.writeMessage(stream: StreamID(1), body: WireSubscribeBatch(), attachmentCount: 3)
            $0.writeBytes([1, 2, 3])
            $0.writePing(1)
            $0.writeEnd(stream: StreamID(1), status: Status(.dataLoss, "damaged"))
            $0.writeEnd(stream: StreamID(3), status: .ok)
        }
        var refusals = 0
        for _ in 0..<10_000 {
            var state = ClientConnectionState(bufferBytes: 64)
            _ = try state.call(.subscribe, WireSubscribeRequest())
            _ = try state.call(.produce, WireProduceOpen())
            var mutated = answer
            for _ in 0...Int(random.next() % 3) {
                mutated[Int(random.next() % UInt64(mutated.count))] ^= 1 << UInt8(random.next() % 8)
            }
            do throws(FrameError) {
                _ = try state.events(of: mutated)
            } catch {
                refusals += 1
            }
            _ = state.takeOutput()
        }
        #expect(refusals > 1000)
    }
}

/// Seeded, so that a failure repeats.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
