import MillraceBytes
import MillraceKafkaProtocol
import Testing

/// The rules of the wire, each on the smallest bytes that break or need it.
struct MessageDecoderTests {
    /// Version 12 of Metadata: compact topics, two flags, tags.
    private func metadata(_ bytes: [UInt8]) throws(WireError) -> MetadataRequest {
        try .decode(bytes, version: 12)
    }

    @Test func nullAndEmptyAreTwoThings() throws {
        #expect(try metadata([0, 0, 0, 0]).topics == nil)
        #expect(try metadata([1, 0, 0, 0]).topics == [])
    }

    @Test func nullIsAnErrorWhereTheVersionHasNone() {
        #expect(throws: WireError.unexpectedNull(position: 0)) {
            try MetadataRequest.decode([0xff, 0xff, 0xff, 0xff], version: 0)
        }
        #expect(throws: WireError.unexpectedNull(position: 0)) {
            try SaslHandshakeRequest.decode([0xff, 0xff], version: 1)
        }
        #expect(throws: WireError.unexpectedNull(position: 0)) {
            try SaslAuthenticateRequest.decode([0, 0], version: 2)
        }
    }

    @Test func recordsMayBeNullInFetchAndNotInShareFetch() throws {
        var message = FetchResponse()
        message.responses = [.init()]
        message.responses[0].partitions = [.init()]
        let fetched = try FetchResponse.decode(message.wireBytes(version: 18).bytes, version: 18)
        #expect(fetched.responses[0].partitions[0].records.count == nil)
        var shared = ShareFetchResponse()
        shared.responses = [.init()]
        shared.responses[0].partitions = [.init()]
        let bytes = shared.wireBytes(version: 2).bytes
        let partition = try ShareFetchResponse.decode(bytes, version: 2).responses[0].partitions[0]
        #expect(partition.records.count == 0)
    }

    @Test func aCountBeyondTheBytesIsAnErrorBeforeMemoryIsTaken() {
        #expect(throws: WireError.lengthTooLarge(0x7fff_ffff, remaining: 0, position: 0)) {
            try MetadataRequest.decode([0x7f, 0xff, 0xff, 0xff], version: 1)
        }
        #expect(throws: WireError.lengthTooLarge(0xffff_fffe, remaining: 3, position: 0)) {
            try metadata([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0])
        }
        #expect(throws: WireError.bytes(.varintOverflow(bits: 32, position: 0))) {
            try metadata([0xff, 0xff, 0xff, 0xff, 0x1f, 0, 0, 0])
        }
    }

    @Test func aStringIsUTF8() {
        #expect(throws: WireError.invalidUTF8(position: 0)) {
            try SaslHandshakeRequest.decode([0, 2, 0xc3, 0x28], version: 1)
        }
    }

    @Test func anyByteButZeroIsTrue() throws {
        #expect(try metadata([1, 2, 0, 0]).allowAutoTopicCreation)
    }

    // MARK: Tagged fields

    @Test func aTaggedFieldThatIsNotKnownIsSkipped() throws {
        let known = try metadata([1, 1, 0, 0])
        #expect(try metadata([1, 1, 0, 2, 0, 3, 9, 9, 9, 0x80, 1, 1, 7]) == known)
    }

    @Test func tagsAscendAndNoneComesTwice() {
        #expect(throws: WireError.malformedTag(5, position: 6)) { try metadata([1, 1, 0, 2, 5, 0, 5, 0]) }
        #expect(throws: WireError.malformedTag(4, position: 6)) { try metadata([1, 1, 0, 2, 5, 0, 4, 0]) }
    }

    @Test func aTaggedFieldFillsItsSize() throws {
        // ApiVersions version 3: no error, no keys, no throttling, then tag 1, the epoch of eight bytes.
        let before: [UInt8] = [0, 0, 1, 0, 0, 0, 0, 1, 1]
        let epoch: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 7]
        let response = try ApiVersionsResponse.decode(before + [8] + epoch, version: 3)
        #expect(response.finalizedFeaturesEpoch == 7)
        #expect(throws: WireError.malformedTag(1, position: 18)) {
            try ApiVersionsResponse.decode(before + [9] + epoch + [0], version: 3)
        }
        #expect(throws: WireError.malformedTag(1, position: 18)) {
            try ApiVersionsResponse.decode(before + [7] + epoch, version: 3)
        }
        #expect(throws: WireError.self) {
            try ApiVersionsResponse.decode(before + [8] + epoch.dropLast(), version: 3)
        }
    }

    @Test func anAbsentTaggedFieldHasItsDefault() throws {
        let response = try ApiVersionsResponse.decode([0, 0, 1, 0, 0, 0, 0, 0], version: 3)
        #expect(response == ApiVersionsResponse())
        #expect(response.finalizedFeaturesEpoch == -1)
    }

    @Test func aVersionThatIsNotKnownIsRefused() {
        #expect(throws: WireError.unsupportedVersion(14, .metadata)) {
            try MetadataRequest.decode([0, 0, 0, 0], version: 14)
        }
        #expect(throws: WireError.unsupportedVersion(-1, .metadata)) {
            let nothing = ByteReader(UnsafeRawBufferPointer(start: nil, count: 0))
            return try AnyRequest.decode(.metadata, version: -1, from: nothing)
        }
    }

    @Test(arguments: API.allCases)
    func anyRequestIsTheOneOfItsAPI(_ api: API) throws {
        func check<Request: RequestMessage>(_ type: Request.Type) throws {
            #expect(Request.api == api && Request.Response.api == api)
            let version = api.versions.upperBound
            let bytes = Request().wireBytes(version: version).bytes
            let any = try bytes.withUnsafeBytes { (bytes) throws(WireError) in
                try AnyRequest.decode(api, version: version, from: ByteReader(bytes))
            }
            let value = try #require(Mirror(reflecting: any).children.first?.value)
            #expect(value is Request)
        }
        try check(api.request)
    }
}
