import MillraceBytes
import MillraceNativeProtocol
import SwiftProtobuf
import Testing

/// A client that sends whatever it likes, and sees every frame.
struct RawClient: ~Copyable {
    let socket: BlockingSocket
    private var input = FrameAssembler()
    private var hasPreface = false

    init(port: UInt16, preface: Bool = true) throws {
        socket = try BlockingSocket(port: port)
        if preface { send { $0.writePreface() } }
    }

    func send(_ body: (inout ByteWriter) -> Void) {
        var writer = ByteWriter()
        body(&writer)
        socket.sendAll(writer.take())
    }

    /// The next frame; nil when the broker has closed.
    mutating func next() throws -> Frame? {
        while true {
            if !hasPreface { hasPreface = try input.nextPreface() != nil }
            if hasPreface, let frame = try input.next() { return frame }
            var received: [UInt8] = []
            guard try socket.receive({ received = [UInt8]($0) }) else { return nil }
            received.withUnsafeBytes { input.append($0) }
        }
    }

    /// The next frame of a kind; the others are passed over.
    mutating func next(_ kind: FrameKind) throws -> Frame? {
        while let frame = try next() {
            if frame.header.kind == kind { return frame }
        }
        return nil
    }

    /// The status of the call's END; messages before it are passed over.
    mutating func end(of stream: StreamID) throws -> Status? {
        while let frame = try next() {
            if frame.header.kind == .end, frame.header.stream == stream { return try frame.status() }
        }
        return nil
    }

    /// The broker says why it closes, and closes.
    mutating func expectGoAway(
        _ text: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let goAway = try next(.goAway)
        let frame = try #require(goAway, "no GOAWAY came", sourceLocation: sourceLocation)
        let status = try frame.status()
        #expect(status.code == .invalidArgument, sourceLocation: sourceLocation)
        #expect(status.message.contains(text), "\(status.message)", sourceLocation: sourceLocation)
        let isClosed = try next() == nil
        #expect(isClosed, "something came after GOAWAY", sourceLocation: sourceLocation)
    }
}
