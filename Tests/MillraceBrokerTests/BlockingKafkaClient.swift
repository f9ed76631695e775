import Glibc
import MillraceBytes
import MillraceKafkaProtocol

/// A client of Kafka's protocol over a plain blocking socket, which also sends what no client would.
final class BlockingKafkaClient {
    private let socket: Int32
    private var received: [UInt8] = []
    private var correlation: Int32 = 0

    enum Failure: Error { case refused(Int32), closed }

    init(port: UInt16) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure.refused(errno) }
        // A broker that says nothing fails the test instead of hanging it.
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(socket) }

    // MARK: Sending

    func send(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure.closed }
            done += count
        }
    }

    /// Sends a request; record batches fill its gaps.
    func send<Request: RequestMessage>(
        _ request: Request, version: Int16, records: [[UInt8]] = []
    ) throws {
        correlation += 1
        try send(
            Self.frame(request, version: version, correlation: correlation, records: records))
    }

    static func frame<Request: RequestMessage>(
        _ request: Request, version: Int16, correlation: Int32, records: [[UInt8]] = []
    ) -> [UInt8] {
        var writer = ByteWriter()
        RequestHeader(
            key: Request.api.rawValue, version: version, correlationID: correlation, clientID: "test"
        ).encode(into: &writer)
        let gaps = request.encode(version: version, into: &writer)
        let bytes = writer.take()
        var body: [UInt8] = []
        var done = 0
        for (gap, batch) in zip(gaps, records) {
            body += bytes[done..<gap.position] + batch
            done = gap.position
        }
        body += bytes[done...]
        return framed(body)
    }

    static func framed(_ body: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: Int32(body.count).bigEndian) { Array($0) } + body
    }

    // MARK: Receiving

    /// The next response, whose correlation id is the last one sent, and its bytes, in which record batches lie.
    func receive<Response: ResponseMessage>(
        _ type: Response.Type, version: Int16
    ) throws -> (Response, bytes: [UInt8]) {
        let frame = try receiveFrame()
        return try frame.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            _ = try reader.readInt32()
            if Response.api != .apiVersions, Response.api.isFlexible(version) {
                _ = try reader.readUnsignedVarint()
            }
            return (try Response.decode(from: reader, version: version), frame)
        }
    }

    func call<Request: RequestMessage>(
        _ request: Request, version: Int16, records: [[UInt8]] = []
    ) throws -> Request.Response {
        try send(request, version: version, records: records)
        return try receive(Request.Response.self, version: version).0
    }

    /// - Throws: `closed` where the broker has hung up.
    func receiveFrame() throws -> [UInt8] {
        while true {
            if received.count >= 4 {
                let size = received.prefix(4).reduce(0) { $0 << 8 | Int($1) }
                if received.count >= 4 + size {
                    defer { received.removeFirst(4 + size) }
                    return Array(received[4..<(4 + size)])
                }
            }
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { throw Failure.closed }
            received += buffer[..<count]
        }
    }
}
