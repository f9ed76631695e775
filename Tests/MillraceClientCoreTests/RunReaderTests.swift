import MillraceBytes
import MillraceClientCore
import MillraceModel
import MillraceRecords
import Testing

@Suite struct RunReaderTests {
    private func run(_ bytes: [UInt8]) -> ReceivedRun {
        ReceivedRun(
            bytes: ByteSlice(bytes), highWatermark: Offset(100), logStartOffset: .zero)
    }

    private func reader(from offset: Int64) -> RunReader {
        RunReader(topic: topic, partition: 2, startOffset: Offset(offset))
    }

    private func values(_ reader: inout RunReader) throws -> [String] {
        var values: [String] = []
        while let batch = try reader.next() {
            values += try batch.records().map { String(decoding: $0.value ?? [], as: UTF8.self) }
        }
        return values
    }

    @Test func recordsBeforeTheWantedOffsetAreSkipped() throws {
        var reader = reader(from: 7)
        reader.take(
            run(try batch(at: 0, count: 5) + batch(at: 5, count: 5) + batch(at: 10, count: 2)))
        #expect(try values(&reader) == ["7", "8", "9", "10", "11"])
        #expect(reader.nextOffset == Offset(12))
        // The same batches again, as after a reconnection, bring nothing twice.
        reader.take(run(try batch(at: 5, count: 5) + batch(at: 10, count: 3)))
        #expect(try values(&reader) == ["12"])
    }

    @Test func aDamagedBatchIsNamed() throws {
        var reader = reader(from: 0)
        var bytes = try batch(at: 0, count: 5) + batch(at: 5, count: 5)
        bytes[bytes.count - 3] ^= 1
        reader.take(run(bytes))
        #expect(try reader.next()?.header.baseOffset == .zero)
        do throws(ClientError) {
            _ = try reader.next()
            Issue.record("the damage went unseen")
        } catch {
            guard
                case .damagedBatch(topic, 2, from: Offset(5), through: Offset(9), let reason) =
                    error
            else {
                Issue.record("\(error)")
                return
            }
            guard case .checksumMismatch = reason else {
                Issue.record("\(reason)")
                return
            }
            #expect(error.description.contains("topic orders, partition 2, offsets 5 to 9"))
        }
    }

    @Test func aRunThatEndsWithinABatchIsDamaged() throws {
        var reader = reader(from: 0)
        reader.take(run(Array(try batch(at: 0, count: 5).dropLast())))
        #expect(throws: ClientError.self) { try reader.next() }
    }

    @Test func offsetsThatCannotBeAreRefused() throws {
        for offset in [-1, Int64.max - 1, .max] as [Int64] {
            var reader = reader(from: 0)
            reader.take(run(try batch(at: offset, count: 5)))
            #expect(throws: ClientError.self) { try reader.next() }
        }
    }

    /// Whatever a run holds, it is batches or a typed error.
    @Test func mutatedRunsGiveBatchesOrTypedErrors() throws {
        var random = SplitMix(seed: 0x72_756e)
        let original = try batch(at: 0, count: 5) + batch(at: 5, count: 5)
        var refusals = 0
        for _ in 0..<5000 {
            var mutated = original
            mutated[Int(random.next() % UInt64(mutated.count))] ^= 1 << UInt8(random.next() % 8)
            var reader = reader(from: Int64(random.next() % 12))
            reader.take(run(mutated))
            do throws(ClientError) {
                while let batch = try reader.next() { _ = try? batch.records() }
            } catch {
                refusals += 1
            }
        }
        #expect(refusals > 1000)
    }
}
