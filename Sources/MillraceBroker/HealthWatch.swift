internal import MillraceNativeProtocol

/// A client that wants to know whether the broker serves: it does until it stops.
final class HealthWatch: OpenCall {
    private let id: StreamID

    init(_ id: StreamID) { self.id = id }

    func cancel(on connection: isolated NativeConnection) {}

    func stop(on connection: isolated NativeConnection) {
        connection.writeMessage(id, WireHealthResponse(.notServing))
        connection.finish(id, .stopping)
    }
}

extension NativeConnection {
    func openHealthWatch(_ stream: StreamID) {
        calls[stream] = HealthWatch(stream)
        writeMessage(stream, WireHealthResponse(.serving))
    }
}

extension WireHealthResponse {
    init(_ status: ServingStatus) {
        self.init()
        self.status = status
    }
}
