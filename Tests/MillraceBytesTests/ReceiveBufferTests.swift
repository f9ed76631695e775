import MillraceBytes
import Testing

struct ReceiveBufferTests {
    @Test func whatIsTakenStaysWhereItIs() {
        var buffer = ReceiveBuffer(capacity: 16)
        [UInt8](0..<10).withUnsafeBytes { buffer.append($0, announced: 0) }
        let first = buffer.take(4)
        // More than fits: the rest moves, what was taken does not.
        [UInt8](10..<40).withUnsafeBytes { buffer.append($0, announced: 0) }
        #expect(first.withBytes { Array($0) } == [0, 1, 2, 3])
        #expect(buffer.pendingCount == 36)
        let rest = buffer.take(36)
        #expect(rest.withBytes { Array($0) } == Array(4..<40))
    }

    @Test func anAnnouncedLengthIsNotBelievedWhole() {
        var buffer = ReceiveBuffer(capacity: 16)
        #expect(buffer.writableBytes(announced: 1 << 30).count <= 4 << 20)
        [UInt8](repeating: 1, count: 100).withUnsafeBytes { buffer.append($0, announced: .max) }
        #expect(buffer.pendingCount == 100)
    }

    /// Each would otherwise end in a buffer of its own, its beginning copied.
    @Test func largeMessagesShareTheirMemory() {
        var buffer = ReceiveBuffer(capacity: 1 << 10)
        var taken: [ByteSlice] = []
        for _ in 0..<4 {
            var missing = 60_000
            while missing > 0 {
                let room = min(missing, buffer.writableBytes(announced: 60_000).count)
                buffer.didWrite(room)
                missing -= room
            }
            taken.append(buffer.take(60_000))
        }
        #expect(taken.dropFirst().allSatisfy { $0.owner === taken[0].owner })
    }

    @Test func memoryOfALargeMessageIsGivenBack() {
        var buffer = ReceiveBuffer(capacity: 1024)
        [UInt8](repeating: 1, count: 1 << 20).withUnsafeBytes { buffer.append($0, announced: 1 << 20) }
        do { _ = buffer.take(1 << 20) }
        #expect(buffer.writableBytes(announced: 0).count == 1024)
    }
}
