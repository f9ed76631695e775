import MillraceBytes
import MillraceKafkaProtocol
import Testing

struct RequestAssemblerTests {
    private static let sizeMax = 100_000

    private func frame(_ size: Int, of byte: UInt8) -> [UInt8] {
        [UInt8(size >> 24), UInt8(size >> 16 & 255), UInt8(size >> 8 & 255), UInt8(size & 255)]
            + [UInt8](repeating: byte, count: size)
    }

    private func assemble(
        _ bytes: [UInt8], step: Int, capacity: Int = 64
    ) throws(WireError) -> [[UInt8]] {
        var assembler = RequestAssembler(sizeMax: Self.sizeMax, capacity: capacity)
        var requests: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let room = assembler.writableBytes()
            let part = rest.prefix(min(step, room.count))
            room.copyBytes(from: part)
            assembler.didWrite(part.count)
            rest = rest.dropFirst(part.count)
            while let request = try assembler.next() { requests.append(request.array) }
        }
        return requests
    }

    @Test(arguments: [1, 3, 7, 64, 1_000_000])
    func requestsComeOutWholeHoweverTheirBytesArrive(_ step: Int) throws {
        let sizes = [10, 11, 60, 64, 300, Self.sizeMax, 10]
        let frames = sizes.enumerated().flatMap { frame($1, of: UInt8($0)) }
        let requests = try assemble(frames, step: step)
        #expect(requests == sizes.enumerated().map { [UInt8](repeating: UInt8($0), count: $1) })
    }

    @Test(arguments: [0, 1, 9, sizeMax + 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff])
    func aSizeThatNoRequestHasIsAnError(_ size: Int) {
        let bytes = [24, 16, 8, 0].map { UInt8(size >> $0 & 255) }
        let claimed = Int(Int32(truncatingIfNeeded: size))
        #expect(throws: WireError.frameSize(claimed, limit: Self.sizeMax)) {
            try assemble(frame(10, of: 1) + bytes, step: 5)
        }
    }

    @Test func whatIsAnnouncedIsNotReservedBeforeItComes() throws {
        var assembler = RequestAssembler(sizeMax: 1 << 30, capacity: 64)
        let announced: [UInt8] = [0x3f, 0xff, 0xff, 0xff]
        assembler.writableBytes().copyBytes(from: announced)
        assembler.didWrite(announced.count)
        #expect(try assembler.next() == nil)
        #expect(assembler.writableBytes().count <= 4 << 20)
    }

    @Test func aHeldRequestKeepsItsBytesWhileMoreArrive() throws {
        var assembler = RequestAssembler(sizeMax: Self.sizeMax, capacity: 64)
        var held: [ByteSlice] = []
        for round in UInt8(0)..<50 {
            let room = assembler.writableBytes()
            let sent = frame(20, of: round)
            let first = sent.prefix(room.count)
            room.copyBytes(from: first)
            assembler.didWrite(first.count)
            if first.count < sent.count {
                assembler.writableBytes().copyBytes(from: sent[first.count...])
                assembler.didWrite(sent.count - first.count)
            }
            held.append(try #require(try assembler.next()))
        }
        for (round, request) in held.enumerated() {
            #expect(request.array == [UInt8](repeating: UInt8(round), count: 20))
        }
    }
}

extension ByteSlice {
    fileprivate var array: [UInt8] { withBytes { [UInt8]($0) } }
}
