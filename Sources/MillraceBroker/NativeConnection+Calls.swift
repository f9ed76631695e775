internal import MillraceBytes
internal import MillraceNativeProtocol
internal import MillraceShard
internal import SwiftProtobuf

/// One call that has not had its END. Every method is called on the connection's shard.
protocol OpenCall: AnyObject, Sendable {
    /// Whether messages of the client may have attachments.
    var takesAttachments: Bool { get }
    /// A message of the client.
    func receive(_ frame: Frame, on connection: isolated NativeConnection) throws(FrameError)
    /// The client sends no more messages.
    func close()
    /// The client takes more bytes of attachments.
    func grant(_ bytes: UInt32) throws(FrameError)
    /// The call has had its END, or nobody is there to get one: it frees what it has at once.
    func cancel(on connection: isolated NativeConnection)
    /// The peer has gone without a word; its last messages are still acted on.
    func peerEnded(on connection: isolated NativeConnection)
    /// The broker stops: the call ends itself, soon, with `Status.stopping` where it would go on otherwise.
    func stop(on connection: isolated NativeConnection)
}

// What a call without messages of the client does with them.
extension OpenCall {
    var takesAttachments: Bool { false }

    func receive(_ frame: Frame, on connection: isolated NativeConnection) throws(FrameError) {
        throw .unexpectedFrame(kind: .message, stream: frame.header.stream)
    }

    func close() {}

    func grant(_ bytes: UInt32) throws(FrameError) {}

    func peerEnded(on connection: isolated NativeConnection) { cancel(on: connection) }
}

extension NativeConnection {
    /// Calls that a connection may have open at once.
    private static let callsMax = 1000
    /// What is kept of a client's name, which members of groups are shown with.
    private static let clientIDBytesMax = 255

    func open(_ frame: Frame) throws(FrameError) {
        let stream = frame.header.stream
        guard stream > lastStream, stream.isFromClient else {
            throw .unexpectedFrame(kind: .call, stream: stream)
        }
        lastStream = stream
        let options = try frame.attachment.decode(WireCallOptions.self)
        if let name = options.metadata["client-id"] {
            clientID = String(decoding: name.utf8.prefix(Self.clientIDBytesMax), as: UTF8.self)
        }
        guard let method = Method(rawValue: frame.header.method) else {
            let number = String(frame.header.method, radix: 16)
            return writeEnd(stream, Status(.unimplemented, "there is no method 0x\(number)"))
        }
        guard !isStopping else { return writeEnd(stream, .stopping) }
        guard calls.count < Self.callsMax else {
            return writeEnd(
                stream,
                Status(
                    .resourceExhausted,
                    "the connection has \(Self.callsMax) calls open, which is the limit",
                    details: ["limit": "\(Self.callsMax)"]))
        }
        try open(method, frame)
        guard calls[stream] != nil, options.timeoutMs > 0 else { return }
        let timeout = Duration.milliseconds(Int64(clamping: options.timeoutMs))
        time.setDeadline(shard.now.advanced(by: timeout), timeout, of: stream)
    }

    private func open(_ method: MillraceNativeProtocol.Method, _ frame: Frame) throws(FrameError) {
        switch method {
        case .produce: try openProduce(frame)
        case .subscribe: try openSubscription(frame)
        case .watchHealth: openHealthWatch(frame.header.stream)
        case .joinGroup: try openGroup(frame)
        default: openUnary(method, frame)
        }
    }

    func cancel(_ stream: StreamID) {
        guard let call = calls[stream] else { return }
        finish(stream, Status(.cancelled, "the client cancelled the call"))
        call.cancel(on: self)
    }

    /// Ends a call towards the client; nothing where it has had its END.
    func finish(_ stream: StreamID, _ status: Status) {
        guard calls.removeValue(forKey: stream) != nil else { return }
        time.callEnded(stream)
        writeEnd(stream, status)
    }

    /// The END of a call that was not begun.
    func writeEnd(_ stream: StreamID, _ status: Status) {
        output.write { $0.writeEnd(stream: stream, status: status) }
    }

    func writeMessage(_ stream: StreamID, _ body: some SwiftProtobuf.Message) {
        output.write { $0.writeMessage(stream: stream, body: body) }
    }
}
