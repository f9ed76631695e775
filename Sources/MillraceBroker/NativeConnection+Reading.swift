internal import MillraceBytes
internal import MillraceNativeProtocol
internal import MillraceShard
internal import SystemPackage

extension NativeConnection {
    /// A client that does not read its answers is not read from.
    private static let outputBytesMax = 16 << 20
    /// Nor is one whose requests under way take more than this.
    private static let heldBytesMax = 16 << 20

    var holdsTooMuch: Bool { heldBytes > Self.heldBytesMax }

    var isReadingPaused: Bool { holdsTooMuch || (output.bytes > Self.outputBytesMax && !output.hasFailed) }

    /// Reads frames and acts on them until the connection is over, and then reads on, so that the peer gets all of what
    /// it was sent.
    func read() async {
        var input = FrameAssembler()
        do {
            try await readFrames(from: &input)
            if isOver { try await passOver() }
        } catch let error as FrameError {
            refuse(error)
            do throws(Errno) { try await passOver() } catch {
                // The peer has gone.
            }
        } catch {
            // The peer has gone, or the shard stops.
        }
        peerEnded()
        hasReadingEnded = true
        changed.notifyAll()
    }

    private func readFrames(from input: inout FrameAssembler) async throws {
        do {
            while true {
                if let preface = try input.nextPreface() {
                    greet()
                    try preface.requireCurrentVersion()
                    break
                }
                guard try await receive(into: &input) else { return }
            }
        } catch let error as FrameError {
            // A stranger gets the preface, too: it says which version is spoken here.
            if case .notMillrace = error { greet() }
            throw error
        }
        while !isOver {
            while !isOver, let frame = try input.next() { try handle(frame) }
            while holdsTooMuch, !isOver { try await changed.wait(after: changed.notices) }
            while isReadingPaused, !isOver {
                try await output.drained.wait(after: output.drained.notices)
            }
            guard !isOver, try await receive(into: &input) else { return }
        }
    }

    private func receive(into input: inout FrameAssembler) async throws(Errno) -> Bool {
        let count = try await socket.receive(into: input.writableBytes())
        time.heard(at: shard.now)
        input.didWrite(count)
        return count > 0
    }

    /// Receives until the peer sends no more.
    private func passOver() async throws(Errno) {
        let buffer = AlignedBuffer(count: 64 << 10)
        while try await socket.receive(into: buffer.mutableBytes) > 0 {}
    }

    // MARK: Frames

    private func handle(_ frame: Frame) throws(FrameError) {
        let stream = frame.header.stream
        switch frame.header.kind {
        case .call: try open(frame)
        case .message: try receive(frame)
        case .credit:
            guard stream != .connection else { return try grantAll(frame.creditBytes()) }
            try requireOpened(frame)
            try calls[stream]?.grant(frame.creditBytes())
        case .end:
            guard frame.header.length == 0 else {
                throw .wrongBodyLength(frame.header.bodyCount, expected: 0, kind: .end)
            }
            try requireOpened(frame)
            calls[stream]?.close()
        case .cancel:
            try requireOpened(frame)
            cancel(stream)
        case .ping:
            guard !frame.header.flags.contains(.answer) else { return }
            let payload = frame.pingPayload()
            output.write { $0.writePing(payload, answering: true) }
        case .goAway: throw .unexpectedFrame(kind: .goAway, stream: stream)
        }
    }

    /// Refuses a frame for a call that never was. What comes for one that has ended crossed its END on the way.
    private func requireOpened(_ frame: Frame) throws(FrameError) {
        let stream = frame.header.stream
        guard stream.isFromClient, stream <= lastStream else {
            throw .unexpectedFrame(kind: frame.header.kind, stream: stream)
        }
    }

    private func receive(_ frame: Frame) throws(FrameError) {
        try requireOpened(frame)
        let bytes = frame.attachment.count
        // It is counted even where the call has ended, since the client has counted it, too.
        try receiveCredit.received(bytes)
        guard let call = calls[frame.header.stream] else { return consumed(bytes) }
        guard bytes == 0 || call.takesAttachments else {
            throw .unexpectedFrame(kind: .message, stream: frame.header.stream)
        }
        try call.receive(frame, on: self)
    }

    // MARK: Credit

    /// Lets the client send more, in all calls, where enough of what it has sent is done with.
    func consumed(_ bytes: Int) {
        guard let grant = receiveCredit.consumed(bytes), !isOver else { return }
        output.write { $0.writeCredit(stream: .connection, bytes: grant) }
    }

    /// The first grant says what the client takes from now on, and later ones add to it.
    private func grantAll(_ bytes: UInt32) throws(FrameError) {
        if sendCredit == nil {
            sendCredit = SendCredit(initial: UInt64(bytes))
        } else {
            try sendCredit?.grant(bytes)
        }
        credited.notifyAll()
    }
}
