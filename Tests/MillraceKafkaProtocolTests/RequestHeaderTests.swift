import MillraceBytes
import MillraceKafkaProtocol
import Testing

struct RequestHeaderTests {
    private func decode(_ bytes: [UInt8]) throws -> (header: RequestHeader, rest: Int) {
        try bytes.withUnsafeBytes { (bytes) throws in
            var reader = ByteReader(bytes)
            let header = try RequestHeader.decode(from: &reader)
            return (header, reader.remaining)
        }
    }

    private func encode(_ header: RequestHeader) -> [UInt8] {
        var writer = ByteWriter()
        header.encode(into: &writer)
        return writer.take()
    }

    @Test func aClassicVersionHasNoTags() throws {
        let header = RequestHeader(key: 3, version: 8, correlationID: 7, clientID: "me")
        let bytes: [UInt8] = [0, 3, 0, 8, 0, 0, 0, 7, 0, 2, 0x6d, 0x65]
        #expect(encode(header) == bytes)
        let decoded = try decode(bytes + [9])
        #expect(decoded.header == header && decoded.rest == 1)
    }

    @Test func aFlexibleVersionHasTagsBehindAClientIDOfTheClassicForm() throws {
        let header = RequestHeader(key: 3, version: 9, correlationID: -1, clientID: nil)
        let bytes: [UInt8] = [0, 3, 0, 9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
        #expect(encode(header) == bytes + [0])
        let decoded = try decode(bytes + [2, 0, 1, 5, 9, 0, 8])
        #expect(decoded.header == header && decoded.rest == 1)
    }

    @Test func ApiVersionsHasTagsInItsRequestToo() throws {
        let header = RequestHeader(key: 18, version: 3, correlationID: 1, clientID: "")
        #expect(encode(header) == [0, 18, 0, 3, 0, 0, 0, 1, 0, 0, 0])
    }

    @Test(arguments: API.allCases)
    func headersComeBack(_ api: API) throws {
        for version in api.versions {
            let header = RequestHeader(
                key: api.rawValue, version: version, correlationID: .min, clientID: "größe")
            let decoded = try decode(encode(header))
            #expect(decoded.header == header && decoded.rest == 0)
            #expect(decoded.header.api == api)
        }
    }

    /// What is read of a request that cannot be served must do to answer it, so tags are left alone there.
    @Test func unknownKeysAndVersionsHaveWhatEveryHeaderHas() throws {
        let key = try decode([0x7f, 0xff, 0, 0, 0, 0, 0, 5, 0, 1, 0x61, 0xff])
        #expect(key.header.api == nil && key.header.correlationID == 5 && key.rest == 1)
        let version = try decode([0, 18, 0x7f, 0xff, 0, 0, 0, 5, 0, 1, 0x61, 0xff])
        #expect(version.header.api == .apiVersions && version.header.clientID == "a" && version.rest == 1)
        let negative = try decode([0, 18, 0xff, 0xff, 0, 0, 0, 5, 0xff, 0xff])
        #expect(negative.header.version == -1 && negative.rest == 0)
    }

    @Test func aHeaderCutAnywhereIsAnError() {
        let bytes = encode(RequestHeader(key: 1, version: 18, correlationID: 3, clientID: "client"))
        for count in bytes.indices {
            #expect(throws: WireError.self) { try decode(Array(bytes[..<count])) }
        }
    }

    @Test func hostileHeadersAreErrors() {
        let start: [UInt8] = [0, 1, 0, 18, 0, 0, 0, 0]
        #expect(throws: WireError.invalidUTF8(position: 10)) { try decode(start + [0, 1, 0xff, 0]) }
        #expect(throws: WireError.self) { try decode(start + [0x7f, 0xff, 0x61]) }
        #expect(throws: WireError.self) { try decode(start + [0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]) }
        #expect(throws: WireError.self) { try decode(start + [0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]) }
    }

    @Test func aLongClientIDIsCutBetweenCharacters() throws {
        let long = String(repeating: "a", count: 32_766)
        let header = RequestHeader(key: 3, version: 8, correlationID: 0, clientID: long + "é")
        #expect(try decode(encode(header)).header.clientID == long)
    }
}

struct ResponseHeaderTests {
    private func encode(_ api: API, _ version: Int16) -> [UInt8] {
        var writer = ByteWriter()
        ResponseHeader.encode(correlationID: 0x0102_0304, api: api, version: version, into: &writer)
        return writer.take()
    }

    @Test(arguments: API.allCases)
    func flexibleVersionsHaveTags(_ api: API) {
        for version in api.versions {
            let hasTags = api.isFlexible(version) && api != .apiVersions
            #expect(encode(api, version) == [1, 2, 3, 4] + (hasTags ? [0] : []))
        }
    }

    @Test func ApiVersionsNeverHasTags() {
        #expect(encode(.apiVersions, 0) == [1, 2, 3, 4])
        #expect(encode(.apiVersions, 4) == [1, 2, 3, 4])
    }
}
