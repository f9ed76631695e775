public import MillraceModel
public import MillraceNativeProtocol
public import MillraceRecords

/// Why a call of the client failed. The description names the thing, the value and the limit, and
/// the way out where there is one.
public enum ClientError: Error, Hashable, Sendable {
    /// The connection could not be made; `reason` is the system's.
    case cannotConnect(address: String, reason: String)
    /// The broker, or what is there, did not answer in time.
    case noAnswer(address: String, timeout: Duration)
    /// The connection broke while calls were open. What was sent and not acknowledged may or may
    /// not have been written.
    case connectionLost(address: String, reason: String)
    /// This client or producer has been closed before the call, or the calling task was cancelled.
    case closed
    /// A batch was not acknowledged within the producer's delivery timeout. It may or may not have been written.
    case deliveryTimedOut(topic: TopicName, timeout: Duration)
    /// What the other side sent is not the native protocol as this version of it says.
    case protocolViolation(reason: String)
    /// The broker answered, and said no.
    case refused(code: StatusCode, message: String, details: [String: String])
    /// A group has no position in a partition, and the consumer's `OffsetReset` is `none`.
    case noCommittedOffset(group: String, partition: TopicPartition)

    /// The name cannot be a topic's; nothing was sent.
    case illegalTopicName(TopicNameError)
    /// The topic has fewer partitions; nothing was sent.
    case noSuchPartition(topic: TopicName, partition: Int32, partitionCount: Int32)
    /// The record alone makes a batch over the topic's `max.message.bytes`; it was not sent.
    case recordTooLarge(topic: TopicName, bytes: Int, limit: Int)
    /// The records could not be made into a batch.
    case unwritableRecords(topic: TopicName, RecordsError)
    /// A batch came that is damaged. The offsets are as far as its header can be read.
    case damagedBatch(
        topic: TopicName, partition: Int32, from: Offset, through: Offset, RecordsError)
}

extension ClientError: CustomStringConvertible {
    /// A sentence for people: the thing, the value, the limit and the way out.
    public var description: String {
        switch self {
        case .cannotConnect(let address, let reason):
            """
            cannot connect to \(address): \(reason); is a broker running there? Start one with \
            `millrace serve`
            """
        case .noAnswer(let address, let timeout):
            """
            no answer from \(address) within \(Self.text(timeout)): is a broker running there? \
            Start one with `millrace serve`
            """
        case .connectionLost(let address, let reason):
            """
            the connection to \(address) was lost: \(reason); what was not acknowledged may or may \
            not have been written
            """
        case .closed:
            "the client has been closed"
        case .deliveryTimedOut(let topic, let timeout):
            """
            a batch for topic \(topic) was not acknowledged within \(Self.text(timeout)); it may or may not have been \
            written
            """
        case .protocolViolation(let reason):
            reason
        case .refused(let code, let message, _):
            message.isEmpty ? "the broker answered \(code)" : message
        default:
            descriptionOfRecords
        }
    }

    private var descriptionOfRecords: String {
        switch self {
        case .noCommittedOffset(let group, let partition):
            """
            group \(group) has committed no offset for \(partition); commit one, or let the consumer start at the \
            earliest or the latest record
            """
        case .illegalTopicName(let error):
            error.description
        case .noSuchPartition(let topic, let partition, let partitionCount):
            """
            topic \(topic) has no partition \(partition); it has \(partitionCount), numbered from 0
            """
        case .recordTooLarge(let topic, let bytes, let limit):
            """
            a record makes a batch of \(bytes) bytes and topic \(topic) takes at most \(limit); \
            raise its max.message.bytes or send less
            """
        case .unwritableRecords(let topic, let error):
            "cannot make a record batch for topic \(topic): \(error)"
        case .damagedBatch(let topic, let partition, let from, let through, let error):
            """
            topic \(topic), partition \(partition), offsets \(from) to \(through): \(error); run \
            `millrace log verify` on the broker's data directory
            """
        default:
            ""
        }
    }

    private static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = attoseconds / 1_000_000_000_000_000
        return milliseconds == 0 ? "\(seconds) s" : "\(seconds * 1000 + milliseconds) ms"
    }
}

extension ClientError {
    package init(_ error: FrameError) {
        self = .protocolViolation(reason: error.description)
    }

    /// Nil for the status of a call that went well.
    package init?(_ status: Status) {
        guard !status.isOK else { return nil }
        self = .refused(code: status.code, message: status.message, details: status.details)
    }

    /// An answer that can be decoded, and says what cannot be.
    package static func illegalAnswer(_ reason: String) -> ClientError {
        .protocolViolation(reason: "the broker's answer makes no sense: \(reason)")
    }
}
