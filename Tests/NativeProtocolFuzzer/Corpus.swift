internal import Foundation
internal import MillraceBytes
internal import MillraceClientCore
internal import MillraceModel
internal import MillraceNativeProtocol
internal import MillraceRecords
internal import SwiftProtobuf

/// The committed inputs to begin with: what a client says in calls of every method, and what a broker answers.
/// `Scripts/fuzz --write-corpus` makes them anew where the protocol has changed.
enum Corpus {
    static func write(to directory: String) {
        do {
            for (name, bytes) in try seeds() {
                try Data(bytes).write(to: URL(filePath: directory).appending(path: name))
            }
        } catch {
            fatalError("the corpus was not written to \(directory): \(error)")
        }
    }

    private static func seeds() throws -> [(String, [UInt8])] {
        let toBroker = Delivery.toBroker
        let repairing = Delivery.repairingChecksums
        var seeds = requests().map { ("call-\($0)", input(toBroker, $1)) }
        seeds.append(("produce", input(toBroker | repairing, try produce())))
        seeds.append(("join-group", input(toBroker | 4, joinGroup())))
        seeds.append(("connection", input(toBroker | 2, connection())))
        seeds.append(("answers", input(2, try answers())))
        seeds.append(("subscription", input(repairing, try subscription())))
        seeds.append(("group-events", input(6, groupEvents())))
        return seeds
    }

    private static func input(_ first: UInt8, _ frames: [UInt8]) -> [UInt8] {
        [first] + bytes { $0.writePreface() } + frames
    }

    private static func bytes(_ write: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        write(&writer)
        return writer.take()
    }

    private static func call(_ method: Method, _ request: some SwiftProtobuf.Message) -> (Method, [UInt8]) {
        (method, bytes { $0.writeCall(method, stream: StreamID(1), request: request) })
    }

    /// A request of each method, with every field in use.
    private static func requests() -> [(Method, [UInt8])] {
        let config = WireConfig.with { $0.key = "retention.ms"; $0.value = "1000" }
        let changes = [
            WireConfigChange.with { $0.key = "retention.ms"; $0.value = "5" },
            WireConfigChange.with { $0.key = "segment.bytes" },
        ]
        let positions: [WirePosition.OneOf_Position] = [
            .beginning(true), .end(true), .offset(7), .timestampMs(1_700_000_000_000),
        ]
        let partitions = WireTopicPartitions.with { $0.topic = "orders"; $0.partitions = [0, 1, 300] }
        let topic = "orders"
        return [
            call(.createTopic, WireCreateTopicRequest.with {
                $0.name = topic; $0.partitions = 4; $0.configs = [config]
            }),
            call(.listTopics, WireListTopicsRequest.with { $0.includeInternal = true }),
            call(.describeTopic, WireDescribeTopicRequest.with { $0.name = topic }),
            call(.deleteTopic, WireDeleteTopicRequest.with { $0.name = topic }),
            call(.addPartitions, WireAddPartitionsRequest.with { $0.name = topic; $0.partitions = 8 }),
            call(.alterTopic, WireAlterTopicRequest.with { $0.name = topic; $0.changes = changes }),
            call(.trim, WireTrimRequest.with { $0.topic = topic; $0.partition = 1; $0.beforeOffset = 9 }),
            call(.findOffsets, WireFindOffsetsRequest.with {
                $0.positions = positions.map { position in
                    .with { $0.topic = topic; $0.partition = 1; $0.position.position = position }
                }
            }),
            call(.initProducer, WireInitProducerRequest()),
            call(.subscribe, WireSubscribeRequest.with {
                $0.topic = topic; $0.position.offset = 3; $0.follow = true; $0.creditBytes = 65536
            }),
            call(.commitOffsets, WireCommitOffsetsRequest.with { $0.group = "packers"; $0.offsets = [commit] }),
            call(.fetchOffsets, WireFetchOffsetsRequest.with { $0.group = "packers"; $0.topics = [partitions] }),
            call(.listGroups, WireListGroupsRequest.with { $0.states = ["Stable"] }),
            call(.describeGroup, WireDescribeGroupRequest.with { $0.group = "packers" }),
            call(.deleteGroup, WireDeleteGroupRequest.with { $0.group = "packers" }),
            call(.deleteOffsets, WireDeleteOffsetsRequest.with { $0.group = "packers"; $0.topics = [partitions] }),
            call(.describeBroker, WireDescribeBrokerRequest()),
            call(.alterBroker, WireAlterBrokerRequest.with { $0.changes = changes }),
            call(.describeLogDirectory, WireDescribeLogDirectoryRequest()),
            call(.health, WireHealthRequest()),
            call(.watchHealth, WireHealthRequest()),
        ]
    }

    private static let commit = WireOffsetCommit.with {
        $0.topic = "orders"; $0.partition = 2; $0.offset = 12; $0.metadata = "m"
    }

    private static func batch(at offset: Int64, codec: CompressionCodec = .none) throws -> [UInt8] {
        var builder = RecordBatchBuilder()
        for index in 0..<3 {
            let header = RecordHeader(key: "h", value: Array("v".utf8))
            try builder.append(
                Record(key: Array("k\(index)".utf8), value: Array("value".utf8), headers: [header]),
                now: Timestamp(milliseconds: 1000))
        }
        var batch = try builder.finish(codec: codec)
        batch.withUnsafeMutableBytes {
            guard let base = $0.baseAddress else { return }
            RecordBatch.assign(offset: Offset(offset), leaderEpoch: .zero, in: base)
        }
        return batch
    }

    private static let codecs: [CompressionCodec] = [.none, .gzip, .snappy, .lz4, .zstd]

    private static func produce() throws -> [UInt8] {
        let batches = try codecs.map { try batch(at: 0, codec: $0) }
        return bytes { writer in
            writer.writeCall(
                .produce, stream: StreamID(1),
                request: WireProduceOpen.with { $0.topic = "orders"; $0.acknowledgements = .refusals },
                options: .with { $0.timeoutMs = 5000; $0.metadata = ["client-id": "fuzzer"] })
            for (tag, batch) in batches.enumerated() {
                let body = WireProduceBatch.with { $0.partition = 1; $0.sequenceTag = UInt64(tag) }
                writer.writeMessage(stream: StreamID(1), body: body, attachmentCount: batch.count)
                writer.writeBytes(batch)
            }
            writer.writeHalfClose(stream: StreamID(1))
        }
    }

    private static func joinGroup() -> [UInt8] {
        let commands: [WireGroupCommand.OneOf_Command] = [
            .heartbeat(WireHeartbeat()), .revoked(WireRevoked()),
            .commit(.with { $0.tag = 4; $0.offsets = [commit] }),
            .changeTopics(.with { $0.topics = ["orders", "bills"] }),
        ]
        return bytes { writer in
            writer.writeCall(
                .joinGroup, stream: StreamID(1),
                request: WireJoinGroupRequest.with {
                    $0.group = "packers"; $0.topics = ["orders"]; $0.assignors = ["range", "sticky"]
                    $0.sessionTimeoutMs = 45000; $0.rebalanceTimeoutMs = 60000; $0.instanceID = "a"
                    $0.memberID = "b"; $0.owned = [.with { $0.topic = "orders"; $0.partitions = [1] }]
                })
            for command in commands {
                writer.writeMessage(stream: StreamID(1), body: WireGroupCommand.with { $0.command = command })
            }
        }
    }

    private static func connection() -> [UInt8] {
        bytes { writer in
            writer.writePing(0x0102_0304_0506_0708)
            writer.writePing(1, answering: true)
            writer.writeCredit(stream: .connection, bytes: 1 << 20)
            writer.writeCredit(stream: StreamID(1), bytes: 1 << 10)
            writer.writeCancel(stream: StreamID(1))
        }
    }

    private static func answers() throws -> [UInt8] {
        let description = WireTopicDescription.with {
            $0.name = "orders"; $0.id = Data(count: 16)
            $0.partitions = [.with { $0.partition = 1; $0.highWatermark = 300; $0.readOnlyReason = "full" }]
            $0.configs = [.with { $0.key = "retention.ms"; $0.value = "1" }]
        }
        let refusal = Status(.resourceExhausted, "too large", details: ["limit": "1048588"])
        return bytes { writer in
            writer.writePing(9)
            writer.writeMessage(stream: ClientSide.unaryStream, body: description)
            writer.writeEnd(stream: ClientSide.unaryStream, status: .ok)
            writer.writeCredit(stream: ClientSide.produceStream, bytes: 4 << 20)
            writer.writeMessage(
                stream: ClientSide.produceStream,
                body: WireProduceAck.with { $0.baseOffset = 4; $0.durability = .durable; $0.logAppendTimeMs = -1 })
            writer.writeMessage(
                stream: ClientSide.produceStream,
                body: WireProduceAck.with { $0.sequenceTag = 1; $0.error = refusal.wire })
            writer.writeEnd(stream: ClientSide.produceStream, status: refusal)
            writer.writeGoAway(Status(.unavailable, "the broker is stopping"))
        }
    }

    private static func subscription() throws -> [UInt8] {
        let runs = try codecs.enumerated().map { try batch(at: Int64($0.offset) * 3, codec: $0.element) }
        return bytes { writer in
            let stream = ClientSide.subscribeStream
            writer.writeMessage(stream: stream, body: WireSubscribeBatch.with { $0.startOffset = 1 })
            for run in runs {
                let body = WireSubscribeBatch.with { $0.highWatermark = 15; $0.logStartOffset = 0 }
                writer.writeMessage(stream: stream, body: body, attachmentCount: run.count)
                writer.writeBytes(run)
            }
            writer.writeEnd(stream: stream, status: .ok)
        }
    }

    private static func groupEvents() -> [UInt8] {
        let events: [WireGroupEvent.OneOf_Event] = [
            .assigned(.with {
                $0.memberID = "a"; $0.generation = 2; $0.assignor = "range"; $0.isLeader = true
                $0.partitions = [.with { $0.topic = "orders"; $0.partitions = [0, 1] }]
            }),
            .revoke(WireRevoke()),
            .commit(.with { $0.tag = 4; $0.error = Status(.aborted, "gone").wire }),
        ]
        return bytes { writer in
            for event in events {
                writer.writeMessage(
                    stream: ClientSide.groupStream, body: WireGroupEvent.with { $0.event = event })
            }
        }
    }
}
