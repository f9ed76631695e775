import MillraceModel
import MillraceRecords
import Testing

@Suite struct BatchSequenceTests {
    private let batches: [[UInt8]]

    init() throws {
        batches = try (1...4).map { try BatchEditing.plain(recordCount: $0).bytes }
    }

    /// The batches' positions, and the error that ended the walk.
    private func walk(
        _ bytes: [UInt8], limit: Int = 1 << 20, verifiesChecksums: Bool = true
    ) -> (positions: [Int], remaining: Int, error: RecordsError?) {
        bytes.withUnsafeBytes { bytes in
            var sequence = BatchSequence(
                bytes, limit: limit, verifiesChecksums: verifiesChecksums)
            var positions: [Int] = []
            do throws(RecordsError) {
                while let batch = try sequence.next() {
                    positions.append(batch.position)
                    #expect(batch.header.sizeInBytes == batch.bytes.count)
                }
                return (positions, sequence.remaining, nil)
            } catch {
                return (positions, sequence.remaining, error)
            }
        }
    }

    private var starts: [Int] {
        batches.indices.map { batches[..<$0].map(\.count).reduce(0, +) }
    }

    @Test(arguments: [false, true])
    func wholeBatchesAreWalkedWhereverTheBytesEnd(_ verifiesChecksums: Bool) {
        let bytes = batches.flatMap { $0 }
        for end in 0...bytes.count {
            let walked = walk(Array(bytes[..<end]), verifiesChecksums: verifiesChecksums)
            let whole = batches.indices.filter { starts[$0] + batches[$0].count <= end }
            #expect(walked.positions == whole.map { starts[$0] })
            #expect(walked.remaining == end - whole.map { batches[$0].count }.reduce(0, +))
            #expect(walked.error == nil)
        }
    }

    @Test func damageStopsTheWalkAtItsBatch() {
        var bytes = batches.flatMap { $0 }
        bytes[starts[2] + 70] ^= 1
        let walked = walk(bytes)
        #expect(walked.positions == Array(starts[..<2]))
        #expect(walked.remaining == bytes.count - starts[2])
        guard case .checksumMismatch = walked.error else {
            Issue.record("\(String(describing: walked.error))")
            return
        }
        #expect(walk(bytes, verifiesChecksums: false).positions == starts)
    }

    @Test(arguments: [false, true])
    func aBatchOverTheLimitStopsTheWalk(_ verifiesChecksums: Bool) {
        let walked = walk(
            batches.flatMap { $0 }, limit: batches[1].count, verifiesChecksums: verifiesChecksums)
        #expect(walked.positions == Array(starts[..<2]))
        #expect(
            walked.error == .batchTooLarge(bytes: batches[2].count, limit: batches[1].count))
    }
}
