package import MillraceBytes

/// The receive buffer of one Kafka connection: takes bytes as they come and gives whole requests, each behind four
/// bytes of length. Record batches in them are handed on without a copy.
package struct RequestAssembler: ~Copyable {
    private let sizeMax: Int
    /// Requests without record batches have no reason to be large, and one that is decoded takes several times its
    /// size.
    private static let otherSizeMax = 8 << 20
    private var buffer: ReceiveBuffer

    /// - Parameter sizeMax: a request that says it is larger (`socket.request.max.bytes`) is refused before it has
    ///   come.
    package init(sizeMax: Int, capacity: Int = 64 << 10) {
        self.sizeMax = sizeMax
        buffer = ReceiveBuffer(capacity: capacity)
    }

    package var pendingCount: Int { buffer.pendingCount }

    /// Where to receive to; for use after `next` has returned nil.
    package mutating func writableBytes() -> UnsafeMutableRawBufferPointer {
        let announced = (try? size()).flatMap { $0 }.map { $0 + 4 } ?? 0
        return buffer.writableBytes(announced: announced)
    }

    package mutating func didWrite(_ count: Int) { buffer.didWrite(count) }

    /// The next whole request without its length, or nil when there is none yet. After an error the connection is to
    /// be closed: nobody knows where the next request begins.
    package mutating func next() throws(WireError) -> ByteSlice? {
        guard let size = try size(), pendingCount >= size + 4 else { return nil }
        _ = buffer.take(4)
        return buffer.take(size)
    }

    /// What the first pending bytes say the request has.
    private func size() throws(WireError) -> Int? {
        var reader = ByteReader(buffer.pending)
        guard reader.remaining >= 4 else { return nil }
        let size: Int32
        do throws(BytesError) { size = try reader.readInt32() } catch { throw .bytes(error) }
        // The shortest request is a header without a client id.
        guard size >= 10, Int(size) <= sizeMax else { throw .frameSize(Int(size), limit: sizeMax) }
        if Int(size) > Self.otherSizeMax, reader.remaining >= 2 {
            let key: Int16
            do throws(BytesError) { key = try reader.readInt16() } catch { throw .bytes(error) }
            guard key == API.produce.rawValue else { throw .frameSize(Int(size), limit: Self.otherSizeMax) }
        }
        return Int(size)
    }
}
