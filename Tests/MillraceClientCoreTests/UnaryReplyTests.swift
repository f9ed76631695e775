import MillraceBytes
import MillraceClientCore
import MillraceNativeProtocol
import Testing

@Suite struct UnaryReplyTests {
    @Test func oneMessageAndAGoodEndMakeAnAnswer() throws {
        var reply = UnaryReply()
        try reply.received(body: ByteSlice([1, 2]))
        #expect(try reply.ended(.ok).count == 2)
    }

    @Test func everythingElseIsAnError() throws {
        var reply = UnaryReply()
        #expect(throws: ClientError.self) { try reply.ended(.ok) }
        #expect(
            throws: ClientError.refused(code: .notFound, message: "no", details: ["topic": "t"])
        ) { try reply.ended(Status(.notFound, "no", details: ["topic": "t"])) }
        try reply.received(body: ByteSlice([1]))
        #expect(throws: ClientError.self) { try reply.received(body: ByteSlice([1])) }
    }
}
