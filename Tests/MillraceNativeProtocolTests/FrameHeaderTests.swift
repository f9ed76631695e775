import MillraceBytes
import MillraceNativeProtocol
import Testing

@Suite struct FrameHeaderTests {
    private func parse(
        _ bytes: [UInt8], limits: FrameLimits = FrameLimits()
    ) throws(FrameError) -> FrameHeader? {
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(FrameError) in try FrameHeader(parsing: raw, limits: limits) }
        }
        return try result.get()
    }

    private func header(
        length: UInt32 = 0, stream: UInt32 = 1, kind: UInt8, flags: UInt8 = 0, method: UInt16 = 0,
        attachment: UInt32 = 0
    ) -> [UInt8] {
        bytes {
            $0.writeUInt32LittleEndian(length)
            $0.writeUInt32LittleEndian(stream)
            $0.writeUInt8(kind)
            $0.writeUInt8(flags)
            $0.writeUInt16LittleEndian(method)
            $0.writeUInt32LittleEndian(attachment)
        }
    }

    @Test func itsBytesAreTheDocumentedOnes() throws {
        let written = bytes {
            $0.writeFrameHeader(
                FrameHeader(
                    kind: .message, stream: StreamID(0x0102_0305), bodyCount: 0x10,
                    attachmentCount: 0x2000))
        }
        #expect(
            written == [
                0x10, 0x20, 0, 0, 0x05, 0x03, 0x02, 0x01, 2, 0, 0, 0, 0x00, 0x20, 0, 0,
            ])
        let header = try #require(try parse(written))
        #expect(header.bodyCount == 0x10)
        #expect(header.attachmentCount == 0x2000)
        #expect(header.frameCount == 16 + 0x2010)
        #expect(try parse(written.dropLast()) == nil)
    }

    @Test func aFrameOverTheLimitIsRefusedByItsHeader() {
        let limits = FrameLimits(frameBytesMax: 100, bodyBytesMax: 50)
        #expect(throws: FrameError.frameTooLarge(bytes: 101, limit: 100)) {
            try parse(header(length: 101, kind: 2), limits: limits)
        }
        #expect(throws: FrameError.frameTooLarge(bytes: Int(UInt32.max), limit: 100)) {
            try parse(header(length: .max, kind: 2, attachment: .max), limits: limits)
        }
        #expect(throws: FrameError.bodyTooLarge(bytes: 51, limit: 50)) {
            try parse(header(length: 100, kind: 2, attachment: 49), limits: limits)
        }
        #expect(throws: Never.self) {
            try parse(header(length: 100, kind: 2, attachment: 50), limits: limits)
        }
    }

    @Test func whatHasNoMeaningIsRefused() {
        #expect(throws: FrameError.unknownKind(0)) { try parse(header(kind: 0)) }
        #expect(throws: FrameError.unknownKind(8)) { try parse(header(kind: 8)) }
        #expect(throws: FrameError.unknownFlags(1, kind: .message)) {
            try parse(header(kind: 2, flags: 1))
        }
        #expect(throws: FrameError.unknownFlags(3, kind: .ping)) {
            try parse(header(length: 8, stream: 0, kind: 6, flags: 3))
        }
        #expect(throws: FrameError.unexpectedMethod(1, kind: .end)) {
            try parse(header(kind: 4, method: 1))
        }
        #expect(throws: FrameError.unexpectedAttachment(1, kind: .end)) {
            try parse(header(length: 1, kind: 4, attachment: 1))
        }
        #expect(throws: FrameError.attachmentTooLong(2, length: 1)) {
            try parse(header(length: 1, kind: 2, attachment: 2))
        }
        #expect(throws: FrameError.wrongStream(.connection, kind: .call)) {
            try parse(header(stream: 0, kind: 1))
        }
        #expect(throws: FrameError.wrongStream(StreamID(1), kind: .goAway)) {
            try parse(header(kind: 7))
        }
        #expect(throws: FrameError.wrongBodyLength(5, expected: 4, kind: .credit)) {
            try parse(header(length: 5, kind: 3))
        }
    }
}
