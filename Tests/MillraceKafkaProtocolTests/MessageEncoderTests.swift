import MillraceBytes
import MillraceKafkaProtocol
import Testing

struct MessageEncoderTests {
    @Test func bytesOfAClassicVersion() {
        var request = MetadataRequest()
        request.topics = [.init(), .init()]
        request.topics?[0].name = "ab"
        let bytes = request.wireBytes(version: 4).bytes
        #expect(bytes == [0, 0, 0, 2, 0, 2, 0x61, 0x62, 0, 0, 1])
    }

    @Test func bytesOfAFlexibleVersion() {
        var response = ApiVersionsResponse()
        response.apiKeys = [.init()]
        response.apiKeys[0].apiKey = 18
        response.apiKeys[0].maxVersion = 4
        response.finalizedFeaturesEpoch = 2
        response.zkMigrationReady = true
        #expect(
            response.wireBytes(version: 3).bytes == [
                0, 0, 2, 0, 18, 0, 0, 0, 4, 0, 0, 0, 0, 0, 2, 1, 8, 0, 0, 0, 0, 0, 0, 0, 2, 3, 1, 1,
            ])
    }

    @Test func nullIsSentAsEmptyWhereTheVersionHasNone() {
        var request = MetadataRequest()
        request.topics = nil
        #expect(request.wireBytes(version: 0).bytes == [0, 0, 0, 0])
        #expect(request.wireBytes(version: 1).bytes == [0xff, 0xff, 0xff, 0xff])
    }

    @Test func batchesAreGapsInTheBytes() {
        var request = ProduceRequest()
        request.topicData = [.init()]
        request.topicData[0].partitionData = [.init(), .init(), .init()]
        request.topicData[0].partitionData[0].records = RecordData(count: 300)
        request.topicData[0].partitionData[1].records = RecordData(count: 0)
        request.topicData[0].partitionData[2].records = RecordData(count: 5)
        var writer = ByteWriter()
        writer.writeUInt32(0)
        let gaps = request.encode(version: 3, into: &writer)
        // A length of the frame, null, acks, timeout, two counts and an empty name; then index and length of each.
        let first = 4 + 2 + 2 + 4 + 4 + 2 + 4 + 8
        #expect(gaps.map(\.position) == [first, first + 16])
        #expect(gaps.map(\.count) == [300, 5])
        #expect(writer.count == first + 16)
    }

    @Test(arguments: [0, 1, 2, 3])
    func aStringTooLongForItsLengthIsCutBetweenCharacters(_ before: Int) throws {
        var request = SaslHandshakeRequest()
        // One of them fits behind the shortest of the beginnings and none behind the others.
        let beginning = String(repeating: "a", count: 32_763 + before)
        request.mechanism = beginning + "😀😀"
        let decoded = try SaslHandshakeRequest.decode(request.wireBytes(version: 1).bytes, version: 1)
        #expect(decoded.mechanism == beginning + (before == 0 ? "😀" : ""))
    }
}
