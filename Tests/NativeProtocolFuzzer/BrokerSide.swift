internal import MillraceBytes
internal import MillraceModel
internal import MillraceNativeProtocol
internal import MillraceRecords
internal import SwiftProtobuf

/// What a broker does with a client's bytes, up to where the engine begins: frames, the request of each method, the
/// messages of each call, credit, and the batches that are produced.
struct BrokerSide {
    private let delivery: Delivery
    private var calls: [StreamID: Method] = [:]
    private var connectionCredit = ReceiveCredit(window: ReceiveCredit.connectionWindow)
    private var sendCredit = SendCredit(initial: 1000)

    private static let limits = FrameLimits()

    static func take(_ bytes: UnsafeRawBufferPointer, _ delivery: Delivery) {
        var assembler = FrameAssembler(limits: limits, bufferBytes: 1024)
        var side = BrokerSide(delivery: delivery)
        var isOpen = false
        delivery.pieces(of: bytes) { piece in
            assembler.append(piece)
            do throws(FrameError) {
                if !isOpen {
                    guard let preface = try assembler.nextPreface() else { return true }
                    try preface.requireCurrentVersion()
                    isOpen = true
                }
                while let frame = try assembler.next() { try side.handle(frame) }
                return true
            } catch {
                precondition(!error.description.isEmpty, "an error without words")
                return false
            }
        }
    }

    private init(delivery: Delivery) { self.delivery = delivery }

    private mutating func handle(_ frame: Frame) throws(FrameError) {
        let header = frame.header
        precondition(
            Int(header.length) <= Self.limits.frameBytesMax
                && frame.body.count <= Self.limits.bodyBytesMax
                && frame.body.count + frame.attachment.count == Int(header.length),
            "a frame that its own header does not allow")
        switch header.kind {
        case .call: try call(frame)
        case .message: try message(frame)
        case .credit:
            try sendCredit.grant(frame.creditBytes())
            if sendCredit.maySend { sendCredit.spend(1 << 20) }
        case .end, .cancel: calls[header.stream] = nil
        case .ping: _ = frame.pingPayload()
        case .goAway: throw .unexpectedFrame(kind: .goAway, stream: header.stream)
        }
    }

    private mutating func call(_ frame: Frame) throws(FrameError) {
        if frame.attachment.count > 0 { _ = try frame.attachment.decode(WireCallOptions.self) }
        guard let method = Method(rawValue: frame.header.method) else { return }
        try decodeRequest(of: method, frame)
        if method.form != .unary { calls[frame.header.stream] = method }
    }

    private mutating func message(_ frame: Frame) throws(FrameError) {
        try connectionCredit.received(frame.attachment.count)
        switch calls[frame.header.stream] {
        case .produce:
            _ = try frame.decode(WireProduceBatch.self)
            check(frame.attachment)
        case .joinGroup:
            _ = try frame.decode(WireGroupCommand.self)
        default:
            break
        }
        _ = connectionCredit.consumed(frame.attachment.count)
    }

    /// As the log does before it appends, and a reader after it.
    private func check(_ attachment: ByteSlice) {
        let bytes = attachment.withBytes { delivery.repairsChecksums ? Batch.repaired($0) : [UInt8]($0) }
        do throws(RecordsError) {
            let batch = bytes.withUnsafeBytes { ByteSlice(copying: $0) }
            try batch.withBytes { bytes throws(RecordsError) in
                _ = try RecordBatch.validateProduced(bytes, limit: 1 << 20)
                try RecordBatch.validateRecords(bytes, limit: 1 << 20)
            }
        } catch {
            precondition(!error.description.isEmpty, "an error without words")
        }
    }

    private func decodeRequest(of method: Method, _ frame: Frame) throws(FrameError) {
        switch method {
        case .createTopic: _ = try frame.decode(WireCreateTopicRequest.self)
        case .listTopics: _ = try frame.decode(WireListTopicsRequest.self)
        case .describeTopic: _ = try frame.decode(WireDescribeTopicRequest.self)
        case .deleteTopic: _ = try frame.decode(WireDeleteTopicRequest.self)
        case .addPartitions: _ = try frame.decode(WireAddPartitionsRequest.self)
        case .alterTopic: _ = try frame.decode(WireAlterTopicRequest.self)
        case .trim: _ = try frame.decode(WireTrimRequest.self)
        case .findOffsets: _ = try frame.decode(WireFindOffsetsRequest.self)
        case .produce: _ = try frame.decode(WireProduceOpen.self)
        case .initProducer: _ = try frame.decode(WireInitProducerRequest.self)
        case .subscribe: _ = try frame.decode(WireSubscribeRequest.self)
        case .commitOffsets: _ = try frame.decode(WireCommitOffsetsRequest.self)
        case .fetchOffsets: _ = try frame.decode(WireFetchOffsetsRequest.self)
        case .joinGroup: _ = try frame.decode(WireJoinGroupRequest.self)
        case .listGroups: _ = try frame.decode(WireListGroupsRequest.self)
        case .describeGroup: _ = try frame.decode(WireDescribeGroupRequest.self)
        case .deleteGroup: _ = try frame.decode(WireDeleteGroupRequest.self)
        case .deleteOffsets: _ = try frame.decode(WireDeleteOffsetsRequest.self)
        case .describeBroker: _ = try frame.decode(WireDescribeBrokerRequest.self)
        case .alterBroker: _ = try frame.decode(WireAlterBrokerRequest.self)
        case .describeLogDirectory: _ = try frame.decode(WireDescribeLogDirectoryRequest.self)
        case .health, .watchHealth: _ = try frame.decode(WireHealthRequest.self)
        }
    }
}

enum Batch {
    /// A copy in which the first batch has the checksum that fits its bytes, where there is one at all.
    static func repaired(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var copy = [UInt8](bytes)
        copy.withUnsafeMutableBytes { copy in
            guard copy.count >= RecordBatchHeader.size else { return }
            let length = Int(Int32(bigEndian: copy.loadUnaligned(fromByteOffset: 8, as: Int32.self)))
            guard length >= RecordBatchHeader.size - 12, length <= copy.count - 12 else { return }
            let batch = UnsafeRawBufferPointer(rebasing: copy[..<(length + 12)])
            copy.storeBytes(of: RecordBatch.checksum(batch).bigEndian, toByteOffset: 17, as: UInt32.self)
        }
        return copy
    }
}
