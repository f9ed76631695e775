import MillraceClient
import MillraceNativeProtocol
import NIOCore
import NIOPosix
import Testing

@Suite(.timeLimit(.minutes(10))) struct MillraceClientTests {
    @Test func topicsAreAskedForAndDescribed() async throws {
        let broker = try await ScriptedBroker.listen { frame, writer in
            let stream = frame.header.stream
            switch Method(rawValue: frame.header.method) {
            case .createTopic, .describeTopic, .addPartitions:
                writer.writeMessage(stream: stream, body: description("orders", partitions: 3))
                writer.writeEnd(stream: stream, status: .ok)
            case .listTopics:
                var answer = WireListTopicsResponse()
                for name in ["orders", "a"] {
                    var listing = WireTopicListing()
                    listing.name = name
                    listing.id = description(name, partitions: 0).id
                    listing.partitions = 3
                    answer.topics.append(listing)
                }
                writer.writeMessage(stream: stream, body: answer)
                writer.writeEnd(stream: stream, status: .ok)
            default:
                writer.writeEnd(stream: stream, status: Status(.notFound, "no topic orders"))
            }
        }
        let client = try await MillraceClient.connect(port: broker.port)
        let created = try await client.createTopic(
            "orders", partitions: 3, config: ["retention.ms": "1000"])
        #expect(created.partitions.count == 3)
        #expect(try await client.describeTopic("orders") == created)
        #expect(try await client.addPartitions(to: "orders", upTo: 3) == created)
        #expect(try await client.listTopics().map(\.name.string) == ["orders", "a"])
        await #expect(
            throws: ClientError.refused(code: .notFound, message: "no topic orders", details: [:])
        ) { try await client.deleteTopic("orders") }
        let request = try broker.frames[0].decode(WireCreateTopicRequest.self)
        #expect(request.partitions == 3)
        #expect(request.configs.map(\.key) == ["retention.ms"])
        await client.close()
        await #expect(throws: ClientError.closed) { try await client.listTopics() }
    }

    @Test func anIllegalNameIsNotSent() async throws {
        let broker = try await ScriptedBroker.listen()
        let client = try await MillraceClient.connect(port: broker.port)
        await #expect(throws: ClientError.self) { try await client.createTopic("no/slash") }
        #expect(broker.frames.isEmpty)
    }

    @Test func offsetsAreCommittedAndFetched() async throws {
        let broker = try await ScriptedBroker.listen { frame, writer in
            let stream = frame.header.stream
            if frame.header.method == Method.commitOffsets.rawValue {
                writer.writeMessage(stream: stream, body: WireCommitOffsetsResponse())
            } else {
                var offset = WireOffsetCommit()
                offset.topic = "orders"
                offset.partition = 1
                offset.offset = 42
                var answer = WireFetchOffsetsResponse()
                answer.offsets = [offset]
                writer.writeMessage(stream: stream, body: answer)
            }
            writer.writeEnd(stream: stream, status: .ok)
        }
        let client = try await MillraceClient.connect(port: broker.port)
        let committed = CommittedOffset(
            topic: try TopicName("orders"), partition: 1, offset: Offset(42))
        try await client.commit([committed], for: "billing")
        #expect(try await client.committedOffsets(of: "billing", topic: "orders") == [committed])
        let request = try broker.frames[0].decode(WireCommitOffsetsRequest.self)
        #expect(request.group == "billing")
        #expect(request.offsets.map(\.offset) == [42])
    }

    @Test func whereNobodyListensTheErrorSaysSo() async throws {
        let broker = try await ScriptedBroker.listen()
        try await broker.stop()
        let error = await #expect(throws: ClientError.self) {
            try await MillraceClient.connect(port: broker.port)
        }
        #expect(
            error
                == .cannotConnect(
                    address: "127.0.0.1:\(broker.port)", reason: "connection refused"))
        #expect(error?.description.contains("millrace serve") == true)
    }

    @Test func aServerThatSaysNothingTimesOut() async throws {
        let broker = try await ScriptedBroker.listen(greeting: [])
        let error = await #expect(throws: ClientError.self) {
            try await MillraceClient.connect(port: broker.port, timeout: .milliseconds(200))
        }
        #expect(
            error?.description
                == """
                no answer from 127.0.0.1:\(broker.port) within 200 ms: is a broker running there? \
                Start one with `millrace serve`
                """)
    }

    @Test func aServerOfAnotherKindIsToldApart() async throws {
        let broker = try await ScriptedBroker.listen(greeting: Array("SSH-2.0-OpenSSH\r\n".utf8))
        let error = await #expect(throws: ClientError.self) {
            try await MillraceClient.connect(port: broker.port)
        }
        guard case .protocolViolation = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func aCallThatIsNotAnsweredTimesOut() async throws {
        let broker = try await ScriptedBroker.listen()
        try await withGrowingTimeout { timeout in
            let client = try await MillraceClient.connect(port: broker.port, timeout: timeout)
            let expected = ClientError.noAnswer(
                address: "127.0.0.1:\(broker.port)", timeout: timeout)
            await #expect(throws: expected) { try await client.listTopics() }
            var batches = try client.subscribe(to: "orders", partition: 0).makeAsyncIterator()
            await #expect(throws: expected) { try await batches.next() }
        }
    }

    @Test func aBrokerThatBreaksTheProtocolIsLeft() async throws {
        let broker = try await ScriptedBroker.listen { _, writer in
            writer.writeEnd(stream: StreamID(99), status: .ok)
        }
        let client = try await MillraceClient.connect(port: broker.port)
        await #expect(
            throws: ClientError.protocolViolation(
                reason: "a frame END came on stream 99, where none may come now")
        ) { try await client.listTopics() }
    }

    @Test func theBrokersFarewellIsTheReason() async throws {
        let broker = try await ScriptedBroker.listen { _, writer in
            writer.writeGoAway(Status(.unavailable, "the broker is stopping"))
            writer.writeEnd(stream: StreamID(1), status: Status(.unavailable, "stopping"))
        }
        let client = try await MillraceClient.connect(port: broker.port, reconnect: .never)
        let stopping = ClientError.refused(code: .unavailable, message: "stopping", details: [:])
        await #expect(throws: stopping) { try await client.listTopics() }
        await #expect(
            throws: ClientError.refused(
                code: .unavailable, message: "the broker is stopping", details: [:])
        ) { try await client.listTopics() }
    }

    @Test func aClientThatIsLetGoClosesItsConnection() async throws {
        let broker = try await ScriptedBroker.listen()
        do {
            let client = try await MillraceClient.connect(port: broker.port)
            _ = client
        }
        try await broker.untilClosed()
    }
}
