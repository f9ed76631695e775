import MillraceBytes
import MillraceNativeProtocol
import Testing

@Suite struct PrefaceTests {
    @Test func itsBytesAreTheDocumentedOnes() {
        #expect(bytes { $0.writePreface() } == [0x4d, 0x4c, 0x52, 0x43, 1, 0, 0, 0])
    }

    @Test func itIsReadWhenItsLastByteComes() throws {
        var assembler = FrameAssembler()
        let sent = bytes { $0.writePreface(Preface(version: 258)) }
        for byte in sent.dropLast() {
            [byte].withUnsafeBytes { assembler.append($0) }
            #expect(try assembler.nextPreface() == nil)
        }
        [sent[7]].withUnsafeBytes { assembler.append($0) }
        #expect(try assembler.nextPreface() == Preface(version: 258))
        #expect(assembler.pendingCount == 0)
    }

    @Test func aStrangerIsToldApartByTheFirstByte() {
        var assembler = FrameAssembler()
        Array("G".utf8).withUnsafeBytes { assembler.append($0) }
        #expect(throws: FrameError.notMillrace(firstBytes: [0x47])) { try assembler.nextPreface() }
        var other = FrameAssembler()
        [UInt8]([0x4d, 0x4c, 0x52, 0x43, 1, 0, 9, 0]).withUnsafeBytes { other.append($0) }
        #expect(throws: FrameError.self) { try other.nextPreface() }
    }

    @Test func anotherVersionIsRefusedByName() {
        #expect(throws: FrameError.unsupportedVersion(2, supported: 1)) {
            try Preface(version: 2).requireCurrentVersion()
        }
        #expect(
            FrameError.unsupportedVersion(2, supported: 1).description
                == "the other side speaks version 2 of the native protocol, this side 1")
    }
}
