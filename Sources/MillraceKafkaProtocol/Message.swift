package import MillraceBytes

/// The body of a request or a response.
package protocol Message: WireStruct {
    static var api: API { get }
}

package protocol RequestMessage: Message {
    associatedtype Response: ResponseMessage
}

package protocol ResponseMessage: Message {}

extension RequestMessage {
    /// Reads a body and leaves what follows it alone, as Kafka's brokers do: librdkafka (2.16) asks for all topics
    /// with three bytes too many.
    package static func decode(startOf reader: ByteReader, version: Int16) throws(WireError) -> Self {
        var end = reader
        return try decode(startOf: reader, version: version, end: &end)
    }
}

extension Message {
    /// Reads a body that ends where the bytes end.
    package static func decode(from reader: ByteReader, version: Int16) throws(WireError) -> Self {
        var end = reader
        let message = try decode(startOf: reader, version: version, end: &end)
        guard end.isAtEnd else { throw .trailingBytes(end.remaining) }
        return message
    }

    fileprivate static func decode(
        startOf reader: ByteReader, version: Int16, end: inout ByteReader
    ) throws(WireError) -> Self {
        guard api.versions.contains(version) else { throw .unsupportedVersion(version, api) }
        var decoder = MessageDecoder(reader, version: version, isFlexible: api.isFlexible(version))
        var message = Self()
        try message.layout(&decoder)
        end = decoder.rest
        return message
    }

    /// Appends the body.
    /// - Returns: where record batches are to be put in, by their position in the writer's bytes.
    @discardableResult
    package func encode(version: Int16, into writer: inout ByteWriter) -> [RecordGap] {
        precondition(api.versions.contains(version), "\(Self.self) has no version \(version)")
        var encoder = MessageEncoder(writer, version: version, isFlexible: api.isFlexible(version))
        writer = ByteWriter()
        var message = self
        message.layout(&encoder)
        writer = encoder.writer
        return encoder.gaps
    }

    private var api: API { Self.api }
}
