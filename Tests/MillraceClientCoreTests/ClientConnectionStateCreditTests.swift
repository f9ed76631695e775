import MillraceBytes
import MillraceClientCore
import MillraceNativeProtocol
import Testing

/// What is sent waits for the broker's credit, call by call and over all calls.
@Suite struct ClientConnectionStateCreditTests {
    private let callWindow = ReceiveCredit.callWindow

    private func connected() throws -> ClientConnectionState {
        var state = ClientConnectionState()
        _ = try state.events(of: bytes { $0.writePreface() })
        _ = state.takeOutput()
        return state
    }

    private func produceCall(_ state: inout ClientConnectionState) throws -> StreamID {
        let stream = try state.call(.produce, WireProduceOpen())
        _ = state.takeOutput()
        return stream
    }

    private func attachment(_ count: Int, _ byte: UInt8 = 1) -> [UInt8] {
        [UInt8](repeating: byte, count: count)
    }

    private func message(_ tag: UInt64) -> WireProduceBatch {
        var message = WireProduceBatch()
        message.sequenceTag = tag
        return message
    }

    @Test func aMessageMayTakeTheCreditBelowNothingAndTheNextWaits() throws {
        var state = try connected()
        let stream = try produceCall(&state)
        state.send(message(1), attachment: attachment(callWindow + 100), on: stream)
        state.send(message(2), attachment: [2], on: stream)
        #expect(state.takeOutput().map(\.attachment.count) == [callWindow + 100])

        _ = try state.events(of: bytes { $0.writeCredit(stream: stream, bytes: 100) })
        #expect(state.takeOutput().isEmpty)
        _ = try state.events(of: bytes { $0.writeCredit(stream: stream, bytes: 1) })
        let expected = bytes {
            $0.writeMessage(stream: stream, body: message(2), attachmentCount: 1)
            $0.writeUInt8(2)
        }
        #expect(state.takeOutputBytes() == expected)
    }

    @Test func oneCallThatWaitsKeepsNoOtherWaiting() throws {
        var state = try connected()
        let first = try produceCall(&state)
        let second = try produceCall(&state)
        state.send(message(1), attachment: attachment(callWindow), on: first)
        state.send(message(2), attachment: [1], on: first)
        state.send(message(3), attachment: [3], on: second)
        #expect(state.takeOutput().map(\.attachment.count) == [callWindow, 1])
    }

    @Test func theConnectionsCreditHoldsAllCallsUp() throws {
        var state = try connected()
        var streams: [StreamID] = []
        for _ in 0..<5 { streams.append(try produceCall(&state)) }
        for stream in streams { state.send(message(1), attachment: attachment(callWindow), on: stream) }
        #expect(state.takeOutput().count == 4)
        _ = try state.events(of: bytes { $0.writeCredit(stream: .connection, bytes: 1) })
        #expect(state.takeOutput().map(\.attachment.count) == [callWindow])
        // Its own credit is left, the connection's is below nothing.
        _ = try state.events(of: bytes { $0.writeCredit(stream: streams[0], bytes: 10) })
        state.send(message(2), attachment: [1], on: streams[0])
        #expect(state.takeOutput().isEmpty)
    }

    @Test func messagesKeepTheirOrderBehindOneThatWaits() throws {
        var state = try connected()
        let stream = try produceCall(&state)
        state.send(message(1), attachment: attachment(callWindow), on: stream)
        state.send(message(2), attachment: [2], on: stream)
        // It has no attachment and takes no credit, but its turn has not come.
        state.send(message(3), on: stream)
        state.send(message(4), attachment: [4], on: stream)
        _ = state.takeOutput()
        _ = try state.events(of: bytes { $0.writeCredit(stream: stream, bytes: 2) })
        let expected = bytes {
            $0.writeMessage(stream: stream, body: message(2), attachmentCount: 1)
            $0.writeUInt8(2)
            $0.writeMessage(stream: stream, body: message(3))
            $0.writeMessage(stream: stream, body: message(4), attachmentCount: 1)
            $0.writeUInt8(4)
        }
        #expect(state.takeOutputBytes() == expected)
    }

    @Test func theHalfCloseGoesBehindWhatWaits() throws {
        var state = try connected()
        let stream = try produceCall(&state)
        state.send(message(1), attachment: attachment(callWindow), on: stream)
        state.send(message(2), attachment: [2], on: stream)
        state.halfClose(stream)
        state.send(message(3), attachment: [3], on: stream)
        #expect(state.takeOutput().map(\.attachment.count) == [callWindow])
        _ = try state.events(of: bytes { $0.writeCredit(stream: stream, bytes: 1) })
        let expected = bytes {
            $0.writeMessage(stream: stream, body: message(2), attachmentCount: 1)
            $0.writeUInt8(2)
            $0.writeHalfClose(stream: stream)
        }
        #expect(state.takeOutputBytes() == expected)
    }

    @Test func whatWaitsGoesWithItsCall() throws {
        var state = try connected()
        let cancelled = try produceCall(&state)
        let ended = try produceCall(&state)
        for stream in [cancelled, ended] {
            state.send(message(1), attachment: attachment(callWindow), on: stream)
            state.send(message(2), attachment: [2], on: stream)
        }
        _ = state.takeOutput()
        state.cancel(cancelled)
        #expect(state.takeOutputBytes() == bytes { $0.writeCancel(stream: cancelled) })
        let events = try state.events(
            of: bytes {
                $0.writeEnd(stream: ended, status: Status(.unavailable))
                $0.writeCredit(stream: cancelled, bytes: 100)
                $0.writeCredit(stream: ended, bytes: 100)
            })
        #expect(events.count == 1)
        #expect(state.takeOutput().isEmpty)
    }

    @Test func moreCreditThanThereMayBeEndsTheConnection() throws {
        for isOfCall in [true, false] {
            var state = try connected()
            let stream = try produceCall(&state)
            let grants = bytes { writer in
                for _ in 0...256 {
                    writer.writeCredit(stream: isOfCall ? stream : .connection, bytes: .max)
                }
            }
            #expect(throws: FrameError.self) { _ = try state.events(of: grants) }
        }
    }

    @Test func creditForACallThatIsNotThereIsIgnored() throws {
        var state = try connected()
        let events = try state.events(of: bytes { $0.writeCredit(stream: StreamID(9), bytes: 1) })
        #expect(events.isEmpty)
    }
}
