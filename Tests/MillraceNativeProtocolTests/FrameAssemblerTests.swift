import MillraceBytes
import MillraceNativeProtocol
import Testing

@Suite struct FrameAssemblerTests {
    @Test(arguments: [1, 2, 7, 16, 61, 1000])
    func framesComeOutWholeHoweverTheirBytesArrive(step: Int) throws {
        let frames = try assemble(framesOfAllKinds(), step: step)
        #expect(
            frames.map(\.header.kind)
                == [.call, .message, .credit, .end, .end, .cancel, .ping, .goAway])
        #expect(frames[0].header.method == Method.produce.rawValue)
        #expect(try frames[0].decode(WireProduceOpen.self).topic == "orders")
        let batch = try frames[1].decode(WireProduceBatch.self)
        #expect(batch.partition == 3)
        #expect(batch.sequenceTag == 77)
        #expect(frames[1].attachment.array == [1, 2, 3, 4, 5])
        #expect(frames[2].creditBytes() == 65_536)
        #expect(try frames[3].status() == .ok)
        #expect(
            try frames[4].status()
                == Status(.notFound, "no such topic", details: ["topic": "orders"]))
        #expect(frames[6].pingPayload() == 0x0102_0304_0506_0708)
        #expect(try frames[7].status().code == .unavailable)
    }

    @Test func aHeldFrameKeepsItsBytesWhileMoreArrive() throws {
        var assembler = FrameAssembler(bufferBytes: 32)
        var held: [Frame] = []
        for round in 0..<50 {
            let frame = bytes {
                $0.writeMessage(
                    stream: StreamID(1), body: WireProduceBatch(), attachmentCount: 10)
                $0.writeBytes([UInt8](repeating: UInt8(round), count: 10))
            }
            frame.withUnsafeBytes { assembler.append($0) }
            held.append(try #require(try assembler.next()))
        }
        for (round, frame) in held.enumerated() {
            #expect(frame.attachment.array == [UInt8](repeating: UInt8(round), count: 10))
        }
    }

    @Test func theBufferIsUsedAgainWhenNobodyHoldsFrames() throws {
        var assembler = FrameAssembler(bufferBytes: 4096)
        let first = assembler.writableBytes().baseAddress
        for _ in 0..<1000 {
            let frame = bytes { $0.writePing(1) }
            let room = assembler.writableBytes()
            #expect(room.baseAddress == first)
            room.copyBytes(from: frame)
            assembler.didWrite(frame.count)
            #expect(try assembler.next() != nil)
            #expect(try assembler.next() == nil)
        }
    }

    @Test func anAnnouncedFrameIsNotAllocatedBeforeItComes() {
        var assembler = FrameAssembler(bufferBytes: 64)
        let header = bytes {
            $0.writeFrameHeader(
                FrameHeader(
                    kind: .message, stream: StreamID(1), bodyCount: 0, attachmentCount: 64 << 20))
        }
        header.withUnsafeBytes { assembler.append($0) }
        #expect(throws: Never.self) { try assembler.next() }
        #expect(assembler.writableBytes().count <= 4 << 20)
    }

    @Test func aFrameLargerThanTheBufferIsTaken() throws {
        let attachment = (0..<9_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let sent = bytes {
            $0.writeMessage(
                stream: StreamID(1), body: WireProduceBatch(), attachmentCount: attachment.count)
            $0.writeBytes(attachment)
        }
        let frames = try assemble(sent, step: 100_000, bufferBytes: 4096)
        #expect(frames.count == 1)
        #expect(frames.first?.attachment.array == attachment)
    }

    /// Whatever bytes come, the outcome is frames within the limits or a `FrameError`: the typed
    /// throws leave nothing else but a trap, which would end the test run.
    @Test func mutatedBytesGiveFramesOrTypedErrors() {
        var random = SplitMix(seed: 0x6d69_6c6c)
        let original = framesOfAllKinds()
        let limits = FrameLimits(frameBytesMax: 4096, bodyBytesMax: 1024)
        var refusals = 0
        for _ in 0..<20_000 {
            var mutated = original
            for _ in 0...Int(random.next() % 4) {
                let position = Int(random.next() % UInt64(mutated.count))
                switch random.next() % 3 {
                case 0: mutated[position] = UInt8(truncatingIfNeeded: random.next())
                case 1: mutated[position] ^= 1 << UInt8(random.next() % 8)
                default: mutated.removeLast(min(mutated.count - 1, Int(random.next() % 40)))
                }
            }
            do throws(FrameError) {
                let step = 1 + Int(random.next() % 50)
                for frame in try assemble(mutated, step: step, limits: limits) {
                    #expect(Int(frame.header.length) <= limits.frameBytesMax)
                    #expect(frame.body.count + frame.attachment.count == Int(frame.header.length))
                    try decodeBody(frame)
                }
            } catch {
                refusals += 1
                #expect(!error.description.isEmpty)
            }
        }
        #expect(refusals > 1000)
    }

    private func decodeBody(_ frame: Frame) throws(FrameError) {
        switch frame.header.kind {
        case .call: _ = try frame.decode(WireProduceOpen.self)
        case .message: _ = try frame.decode(WireProduceBatch.self)
        case .credit: _ = frame.creditBytes()
        case .end, .goAway: _ = try frame.status()
        case .cancel: break
        case .ping: _ = frame.pingPayload()
        }
    }
}

/// Seeded, so that a failure repeats.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
