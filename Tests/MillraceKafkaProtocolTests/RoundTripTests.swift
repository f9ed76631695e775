import MillraceKafkaProtocol
import Testing

struct RoundTripTests {
    @Test(arguments: API.allCases)
    func decodedIsWhatWasEncoded(_ api: API) throws {
        for message in api.messages {
            for version in api.versions {
                for seed in Fuzzing.seeds { try Self.roundTrip(message, version, seed) }
            }
        }
    }

    private static func roundTrip<M: Message>(
        _ type: M.Type, _ version: Int16, _ seed: UInt64
    ) throws {
        let comment: Comment = "\(type) version \(version), MILLRACE_FUZZ_SEED=\(seed)"
        let message = Filler.fill(type, version: version, seed: seed)
        let (bytes, gaps) = message.wireBytes(version: version)
        var decoded = try M.decode(bytes, version: version)
        #expect(decoded.wireBytes(version: version).bytes == bytes, comment)
        let records = decoded.takeRecords(version: version)
        #expect(decoded == message, comment)
        // Where a decoded message finds its record batches is where they were put in.
        var put = 0
        let places = gaps.map { gap in
            defer { put += gap.count }
            return gap.position + put
        }
        #expect(records.filter { ($0.count ?? 0) > 0 }.map(\.position) == places, comment)
    }

    @Test func aMessageIsFilledInManyWays() throws {
        // Were the filler to make one message again and again, no other test would see it.
        let seeds = UInt64(0)..<50
        let messages = seeds.map { Filler.fill(FetchRequest.self, version: 18, seed: $0) }
        #expect(messages.contains { $0.clusterID == nil } && messages.contains { $0.clusterID != nil })
        #expect(messages.contains { $0.topics.isEmpty } && messages.contains { $0.topics.count > 1 })
        let partitions = messages.flatMap(\.topics).flatMap(\.partitions)
        #expect(partitions.contains { $0.highWatermark == .max })
        #expect(partitions.contains { $0.highWatermark != .max && $0.replicaDirectoryID != .zero })
    }
}
