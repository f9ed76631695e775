internal import DequeModule
package import MillraceBytes
package import MillraceNativeProtocol
package import SwiftProtobuf

/// What the connection says to its owner.
package enum ClientEvent: Sendable {
    /// The broker speaks our version.
    case connected
    case message(StreamID, body: ByteSlice, attachment: ByteSlice)
    /// The broker has consumed so many bytes of what was sent on the stream.
    case granted(StreamID, UInt32)
    /// The call is over: nothing more comes for this stream.
    case ended(StreamID, Status)
    /// The broker is about to close; new calls are refused.
    case goAway(Status)
}

/// The client's half of one connection, without the connection: bytes received go in and events
/// come out, calls go in and bytes to send come out.
///
/// The transport calls `receive`, then `nextEvent` until it returns nil, and writes what
/// `takeOutput` returns, which is never empty before the first: it begins with the preface. After
/// an error from `nextEvent` it closes the connection.
///
/// Threading: one owner; the type cannot be copied, since two copies would use the same stream ids.
package struct ClientConnectionState: ~Copyable {
    private var assembler: FrameAssembler
    private var writer = ByteWriter()
    private var output: [OutgoingBytes] = []
    private var phase = Phase.expectingPreface
    private var nextStream = StreamID(1)
    private var streams: [StreamID: StreamPhase] = [:]
    private var credit = SendCredit.ofConnection
    /// Of the streams with messages of ours.
    private var sending: [StreamID: Sending] = [:]

    /// What one stream may send, and what waits until it may.
    private struct Sending {
        var credit = SendCredit.ofCall
        var waiting: Deque<OutgoingBytes> = []
    }

    private enum Phase {
        case expectingPreface
        case open
        /// A GOAWAY came; calls that are open go on.
        case leaving(Status)
        case failed(FrameError)
    }

    private enum StreamPhase {
        case open
        /// We have sent END.
        case halfClosed
        /// We have sent CANCEL; what still comes is dropped, up to the END.
        case cancelled
    }

    package init(limits: FrameLimits = FrameLimits(), bufferBytes: Int = 256 << 10) {
        assembler = FrameAssembler(limits: limits, bufferBytes: bufferBytes)
        writer.writePreface()
    }

    /// The calls that have not ended, the cancelled ones left out, in the order they were opened.
    package var openStreams: [StreamID] {
        streams.filter { $0.value != .cancelled }.keys.sorted()
    }
}

// MARK: - Calls

extension ClientConnectionState {
    package mutating func call(
        _ method: Method, _ request: some SwiftProtobuf.Message, options: WireCallOptions? = nil
    ) throws(ClientError) -> StreamID {
        switch phase {
        case .expectingPreface, .open:
            break
        case .leaving(let status):
            throw ClientError(status) ?? .closed
        case .failed(let error):
            throw ClientError(error)
        }
        let stream = nextStream
        guard stream.value < UInt32.max - 2 else {
            throw .protocolViolation(
                reason: "the connection has used up its stream ids; connect again")
        }
        nextStream.value += 2
        streams[stream] = .open
        if method.form == .bidirectional { sending[stream] = Sending() }
        writer.writeCall(method, stream: stream, request: request, options: options)
        return stream
    }

    /// Sends a message on an open stream, once the broker's credit allows it. For one that has ended, or that this
    /// side has closed, it does nothing: its end may have come in between.
    package mutating func send(
        _ message: some SwiftProtobuf.Message, attachment: [UInt8] = [], on stream: StreamID
    ) {
        guard streams[stream] == .open, let account = sending[stream] else { return }
        guard account.waiting.isEmpty, maySend(attachment.count, account) else {
            var head = ByteWriter()
            head.writeMessage(stream: stream, body: message, attachmentCount: attachment.count)
            sending[stream]?.waiting.append(
                OutgoingBytes(head: head.take(), attachment: attachment))
            return
        }
        writer.writeMessage(stream: stream, body: message, attachmentCount: attachment.count)
        append(attachment, on: stream)
    }

    /// Only attachments take credit.
    private func maySend(_ attachmentCount: Int, _ account: Sending) -> Bool {
        attachmentCount == 0 || (credit.maySend && account.credit.maySend)
    }

    /// The attachment of the message that was written last; with none, the next frames go into the same bytes.
    private mutating func append(_ attachment: [UInt8], on stream: StreamID) {
        guard !attachment.isEmpty else { return }
        sending[stream]?.credit.spend(attachment.count)
        credit.spend(attachment.count)
        output.append(OutgoingBytes(head: writer.take(), attachment: attachment))
    }

    private mutating func sendWaiting(on stream: StreamID) {
        while let account = sending[stream], let next = account.waiting.first,
            maySend(next.attachment.count, account)
        {
            sending[stream]?.waiting.removeFirst()
            writer.writeBytes(next.head)
            append(next.attachment, on: stream)
        }
        if streams[stream] == .halfClosed, sending[stream]?.waiting.isEmpty == true {
            sending[stream] = nil
            writer.writeHalfClose(stream: stream)
        }
    }

    private mutating func granted(_ bytes: UInt32, on stream: StreamID) throws(FrameError) {
        guard stream == .connection else {
            try sending[stream]?.credit.grant(bytes)
            return sendWaiting(on: stream)
        }
        try credit.grant(bytes)
        for stream in sending.keys.sorted() { sendWaiting(on: stream) }
    }

    /// Lets the broker send more on a stream; nothing for one that has ended.
    package mutating func grant(_ bytes: UInt32, on stream: StreamID) {
        guard let phase = streams[stream], phase != .cancelled else { return }
        writer.writeCredit(stream: stream, bytes: bytes)
    }

    /// No more messages from this side.
    package mutating func halfClose(_ stream: StreamID) {
        guard streams[stream] == .open else { return }
        streams[stream] = .halfClosed
        guard sending[stream] != nil else { return writer.writeHalfClose(stream: stream) }
        sendWaiting(on: stream)
    }

    /// Ends a call early: no more events come for it.
    package mutating func cancel(_ stream: StreamID) {
        guard let phase = streams[stream], phase != .cancelled else { return }
        streams[stream] = .cancelled
        sending[stream] = nil
        writer.writeCancel(stream: stream)
    }

    /// Asks for a sign of life; the answer is received as any bytes are, and makes no event.
    package mutating func ping() { writer.writePing(0) }

    package mutating func takeOutput() -> [OutgoingBytes] {
        if writer.count > 0 {
            output.append(OutgoingBytes(head: writer.take(), attachment: []))
        }
        var taken: [OutgoingBytes] = []
        swap(&taken, &output)
        return taken
    }
}

// MARK: - What is received

extension ClientConnectionState {
    package mutating func receive(_ bytes: UnsafeRawBufferPointer) { assembler.append(bytes) }

    /// The next event, or nil when more bytes are needed for one.
    package mutating func nextEvent() throws(FrameError) -> ClientEvent? {
        do throws(FrameError) {
            switch phase {
            case .failed(let error):
                throw error
            case .expectingPreface:
                guard let preface = try assembler.nextPreface() else { return nil }
                try preface.requireCurrentVersion()
                phase = .open
                return .connected
            case .open, .leaving:
                while let frame = try assembler.next() {
                    if let event = try event(of: frame) { return event }
                }
                return nil
            }
        } catch {
            phase = .failed(error)
            throw error
        }
    }

    private mutating func event(of frame: Frame) throws(FrameError) -> ClientEvent? {
        let stream = frame.header.stream
        switch frame.header.kind {
        case .message:
            guard let phase = streams[stream] else { throw unexpected(frame) }
            guard phase != .cancelled else { return nil }
            return .message(stream, body: frame.body, attachment: frame.attachment)
        case .end:
            guard let phase = streams.removeValue(forKey: stream) else { throw unexpected(frame) }
            sending[stream] = nil
            let status = try frame.status()
            return phase == .cancelled ? nil : .ended(stream, status)
        case .goAway:
            let status = try frame.status()
            phase = .leaving(status)
            return .goAway(status)
        case .ping:
            if !frame.header.flags.contains(.answer) {
                writer.writePing(frame.pingPayload(), answering: true)
            }
            return nil
        case .credit:
            let bytes = frame.creditBytes()
            try granted(bytes, on: stream)
            return sending[stream] == nil ? nil : .granted(stream, bytes)
        case .call, .cancel:
            throw unexpected(frame)
        }
    }

    private func unexpected(_ frame: Frame) -> FrameError {
        .unexpectedFrame(kind: frame.header.kind, stream: frame.header.stream)
    }
}
