import MillraceBytes
import MillraceKafkaProtocol
import Testing

/// Bytes that are no message give an error or another message: never a trap, a read past the end, or memory for what
/// a length claims.
struct HostileBytesTests {
    @Test(arguments: API.allCases)
    func aMessageCutAnywhereIsAnError(_ api: API) {
        for message in api.messages {
            for version in api.versions { Self.cut(message, version, Fuzzing.seed) }
        }
    }

    private static func cut<M: Message>(_ type: M.Type, _ version: Int16, _ seed: UInt64) {
        let bytes = Filler.fill(type, version: version, seed: seed).wireBytes(version: version).bytes
        for count in bytes.indices {
            let cut = Array(bytes[..<count])
            // The expectation is made only for the failure: millions of them would be most of the test's time.
            guard (try? M.decode(cut, version: version)) != nil else { continue }
            Issue.record("\(type) version \(version), MILLRACE_FUZZ_SEED=\(seed), \(count) bytes of \(bytes)")
        }
    }

    @Test(arguments: API.allCases)
    func bytesAfterAMessageAreAnError(_ api: API) {
        func follow<M: Message>(_ type: M.Type, _ version: Int16) {
            let bytes = M().wireBytes(version: version).bytes
            #expect(throws: WireError.trailingBytes(2), "\(type) version \(version)") {
                try M.decode(bytes + [0, 0], version: version)
            }
        }
        for message in api.messages {
            for version in api.versions { follow(message, version) }
        }
    }

    /// librdkafka's request for all topics: three bytes follow it, which Kafka's brokers leave alone.
    @Test func bytesAfterARequestAreLeftAlone() throws {
        let bytes: [UInt8] = [0, 0, 0, 0, 1, 0, 0]
        let request = try bytes.withUnsafeBytes {
            try AnyRequest.decode(.metadata, version: 13, from: ByteReader($0))
        }
        guard case .metadata(let metadata) = request else {
            Issue.record("\(request) is no Metadata request")
            return
        }
        #expect(metadata.topics == nil && !metadata.allowAutoTopicCreation)
    }

    /// What a length, a count or a number of tags may be made of, at every place of the message.
    private static let claims: [[UInt8]] = [
        [0x7f, 0xff, 0xff, 0xff], [0x80, 0, 0, 0], [0xff, 0xff, 0xff, 0xff], [0x7f, 0xff], [0, 1, 0, 0],
        [0xff, 0xff, 0xff, 0xff, 0x0f], [0xff, 0xff, 0xff, 0xff, 0x1f],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], [0x80, 0x80, 0x80, 0x80, 0x00], [0], [1], [2],
    ]

    @Test(arguments: API.allCases)
    func claimsAtEveryPlaceAreSurvived(_ api: API) {
        func claim<M: Message>(_ type: M.Type, _ version: Int16) {
            let bytes = Filler.fill(type, version: version, seed: Fuzzing.seed)
                .wireBytes(version: version).bytes
            // At every place of a short message, at some of a long one.
            let step = max(1, bytes.count / (10 * Fuzzing.rounds))
            let first = Int(Fuzzing.seed % UInt64(step))
            for place in stride(from: first, to: bytes.count, by: step) {
                for claim in Self.claims {
                    let after = bytes[min(place + claim.count, bytes.count)...]
                    Self.survive(type, version, bytes[..<place] + claim + after)
                    Self.survive(type, version, bytes[..<place] + claim + bytes[(place + 1)...])
                }
            }
        }
        let classic = api.firstFlexible.map { $0 - 1 } ?? api.versions.upperBound
        let versions = Set([max(classic, api.versions.lowerBound), api.versions.upperBound])
        for message in api.messages {
            for version in versions.sorted() { claim(message, version) }
        }
    }

    @Test(arguments: API.allCases)
    func damagedMessagesAreSurvived(_ api: API) {
        func damage<M: Message>(_ type: M.Type, _ version: Int16, _ seed: UInt64) {
            var random = SeededGenerator(seed: seed)
            let bytes = Filler.fill(type, version: version, seed: seed).wireBytes(version: version).bytes
            for _ in 0..<(5 * Fuzzing.rounds) where !bytes.isEmpty {
                var damaged = bytes
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let place = Int.random(in: 0..<damaged.count, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: damaged[place] ^= UInt8(1) << Int.random(in: 0..<8, using: &random)
                    case 1: damaged[place] = random.byte()
                    case 2: damaged.insert(random.byte(), at: place)
                    default: if damaged.count > 1 { damaged.remove(at: place) }
                    }
                }
                Self.survive(type, version, damaged[...])
            }
        }
        for message in api.messages {
            for version in api.versions { damage(message, version, Fuzzing.seed) }
        }
    }

    @Test(arguments: API.allCases)
    func randomBytesAreSurvived(_ api: API) {
        var random = SeededGenerator(seed: Fuzzing.seed)
        func anything<M: Message>(_ type: M.Type, _ version: Int16) {
            // Small bytes look like short lengths and lead far into a message.
            let most = [UInt8]([2, 7, 255]).randomElement(using: &random) ?? UInt8.max
            let count = Int.random(in: 0..<200, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...most, using: &random) }
            Self.survive(type, version, bytes[...])
        }
        for message in api.messages {
            for version in api.versions {
                for _ in 0..<(5 * Fuzzing.rounds) { anything(message, version) }
            }
        }
    }

    /// What is accepted is a message like any other: what it is encoded to says the same.
    private static func survive<M: Message>(
        _ type: M.Type, _ version: Int16, _ bytes: ArraySlice<UInt8>
    ) {
        let message: M
        do throws(WireError) { message = try M.decode(Array(bytes), version: version) } catch { return }
        let again = message.wireBytes(version: version).bytes
        let second = try? M.decode(again, version: version).wireBytes(version: version).bytes
        guard second != again else { return }
        Issue.record("\(type) version \(version), MILLRACE_FUZZ_SEED=\(Fuzzing.seed): \(bytes)")
    }
}
