package import MillraceBytes

/// The body of a request or a response.
package protocol Message: WireStruct {
    static var api: API { get }
}

package protocol RequestMessage: Message {
    associatedtype Response: ResponseMessage
}

package protocol ResponseMessage: Message {}

extension Message {
    /// Reads a body that ends where the bytes end.
    package static func decode(from reader: ByteReader, version: Int16) throws(WireError) -> Self {
        guard api.versions.contains(version) else { throw .unsupportedVersion(version, api) }
        var decoder = MessageDecoder(reader, version: version, isFlexible: api.isFlexible(version))
        var message = Self()
        try message.layout(&decoder)
        try decoder.requireEnd()
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
