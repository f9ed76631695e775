package import MillraceBytes
package import MillraceNativeProtocol
package import SwiftProtobuf

/// Gathers the answer to a unary call: exactly one message and a good end, or a bad end.
package struct UnaryReply: Sendable {
    private var body: ByteSlice?

    package init() {}

    package mutating func received(body: ByteSlice) throws(ClientError) {
        guard self.body == nil else {
            throw .illegalAnswer("a second message came for a call that has one answer")
        }
        self.body = body
    }

    /// The response's body, or why there is none.
    package func ended(_ status: Status) throws(ClientError) -> ByteSlice {
        if let error = ClientError(status) { throw error }
        guard let body else { throw .illegalAnswer("the call ended well and without its answer") }
        return body
    }
}

extension ByteSlice {
    /// The body as a message of the protocol, its failure as the client's.
    package func decodeAnswer<Body: SwiftProtobuf.Message>(
        _ type: Body.Type
    ) throws(ClientError) -> Body {
        do throws(FrameError) {
            return try decode(type)
        } catch {
            throw ClientError(error)
        }
    }
}
