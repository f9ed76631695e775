package import MillraceBytes

/// What begins every request: key, version, correlation id and client id; from the first flexible version on with
/// tagged fields (header version 2), while the client id keeps its two bytes of length, so that every broker can read
/// it.
package struct RequestHeader: Equatable, Sendable {
    package var key: Int16
    package var version: Int16
    package var correlationID: Int32
    package var clientID: String?

    package init(key: Int16, version: Int16, correlationID: Int32, clientID: String?) {
        self.key = key
        self.version = version
        self.correlationID = correlationID
        self.clientID = clientID
    }

    /// The API asked for; nil for a key that is not known.
    package var api: API? { API(rawValue: key) }

    /// Reads a header. Of a key or a version that is not known only what every version has is read.
    package static func decode(from reader: inout ByteReader) throws(WireError) -> RequestHeader {
        let clientID: UnsafeRawBufferPointer?
        var header: RequestHeader
        do throws(BytesError) {
            header = RequestHeader(
                key: try reader.readInt16(), version: try reader.readInt16(),
                correlationID: try reader.readInt32(), clientID: nil)
            let length = try reader.readInt16()
            clientID = length < 0 ? nil : try reader.readBytes(Int(length))
            if let api = header.api, api.versions.contains(header.version), api.isFlexible(header.version) {
                for _ in 0..<(try reader.readUnsignedVarint()) {
                    _ = try reader.readUnsignedVarint()
                    try reader.skip(Int(try reader.readUnsignedVarint()))
                }
            }
        } catch {
            throw .bytes(error)
        }
        if let clientID {
            guard let text = String(validating: clientID, as: UTF8.self) else {
                throw .invalidUTF8(position: 10)
            }
            header.clientID = text
        }
        return header
    }

    package func encode(into writer: inout ByteWriter) {
        writer.writeInt16(key)
        writer.writeInt16(version)
        writer.writeInt32(correlationID)
        if let clientID {
            let bytes = Array(clientID.utf8).classicPrefix
            writer.writeInt16(Int16(clamping: bytes.count))
            bytes.withUnsafeBytes { writer.writeBytes($0) }
        } else {
            writer.writeInt16(-1)
        }
        if api?.isFlexible(version) ?? false { writer.writeUnsignedVarint(0) }
    }
}

/// What begins every response.
package enum ResponseHeader {
    /// Flexible versions have tagged fields here, except ApiVersions: a client that asks for a version too new must
    /// be able to read the answer (KIP-511).
    package static func encode(
        correlationID: Int32, api: API, version: Int16, into writer: inout ByteWriter
    ) {
        writer.writeInt32(correlationID)
        if api != .apiVersions, api.isFlexible(version) { writer.writeUnsignedVarint(0) }
    }
}
