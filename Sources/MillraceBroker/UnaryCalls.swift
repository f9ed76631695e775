internal import Millrace
internal import MillraceBytes
internal import MillraceNativeProtocol
internal import MillraceShard
internal import SwiftProtobuf

// The calls that are answered by one message.

/// A request that is being answered. What it changes stays changed, whether its answer is still wanted or not.
private final class UnaryCall: OpenCall {
    func cancel(on connection: isolated NativeConnection) {}

    func stop(on connection: isolated NativeConnection) {}
}

extension NativeConnection {
    /// What a request takes beside its body.
    private static let requestBytes = 512

    func openUnary(_ method: MillraceNativeProtocol.Method, _ frame: Frame) {
        let stream = frame.header.stream
        calls[stream] = UnaryCall()
        // A small body would keep all of the buffer that it was received in.
        let body = frame.body.count < 64 << 10 ? frame.body.withBytes { ByteSlice(copying: $0) } : frame.body
        let held = Self.requestBytes + body.count
        hold(held)
        run {
            await $0.answer(method, body, on: stream)
            $0.letGo(held)
        }
    }

    private func answer(
        _ method: MillraceNativeProtocol.Method, _ body: ByteSlice, on stream: StreamID
    ) async {
        do {
            let response = try await respond(to: method, body)
            // A call that was cancelled meanwhile has had its END.
            guard calls[stream] != nil else { return }
            writeMessage(stream, response)
            finish(stream, .ok)
        } catch {
            finish(stream, Status(error))
        }
    }

    private func respond(
        to method: MillraceNativeProtocol.Method, _ body: ByteSlice
    ) async throws -> any SwiftProtobuf.Message {
        switch method {
        case .createTopic: try await createTopic(body.decode(WireCreateTopicRequest.self))
        case .listTopics: listTopics(try body.decode(WireListTopicsRequest.self))
        case .describeTopic: try await describeTopic(body.decode(WireDescribeTopicRequest.self))
        case .deleteTopic: try await deleteTopic(body.decode(WireDeleteTopicRequest.self))
        case .addPartitions: try await addPartitions(body.decode(WireAddPartitionsRequest.self))
        case .alterTopic: try await alterTopic(body.decode(WireAlterTopicRequest.self))
        case .trim: try await trim(body.decode(WireTrimRequest.self))
        case .findOffsets: try await findOffsets(body.decode(WireFindOffsetsRequest.self))
        case .initProducer: try await initProducer()
        case .commitOffsets: try await commitOffsets(body.decode(WireCommitOffsetsRequest.self))
        case .fetchOffsets: try await fetchOffsets(body.decode(WireFetchOffsetsRequest.self))
        case .describeBroker: try await describeBroker()
        case .alterBroker: try await alterBroker(body.decode(WireAlterBrokerRequest.self))
        case .describeLogDirectory: try await describeLogDirectory()
        case .health: WireHealthResponse(.serving)
        case .listGroups: try await listGroups(body.decode(WireListGroupsRequest.self))
        case .describeGroup: try await describeGroup(body.decode(WireDescribeGroupRequest.self))
        case .deleteGroup: try await deleteGroup(body.decode(WireDeleteGroupRequest.self))
        case .deleteOffsets: try await deleteOffsets(body.decode(WireDeleteOffsetsRequest.self))
        case .joinGroup, .produce, .subscribe, .watchHealth:
            throw StatusError(Status(.unimplemented, "\(method) is not served here"))
        }
    }
}

/// A status that the broker says of its own accord.
struct StatusError: Error {
    let status: Status

    init(_ status: Status) { self.status = status }
}
