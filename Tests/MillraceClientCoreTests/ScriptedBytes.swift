import MillraceBytes
import MillraceClientCore
import MillraceModel
import MillraceNativeProtocol
import MillraceRecords

func bytes(_ write: (inout ByteWriter) -> Void) -> [UInt8] {
    var writer = ByteWriter()
    write(&writer)
    return writer.take()
}

extension ClientConnectionState {
    /// Every event that `bytes` bring.
    mutating func events(of bytes: [UInt8]) throws(FrameError) -> [ClientEvent] {
        bytes.withUnsafeBytes { receive($0) }
        var events: [ClientEvent] = []
        while let event = try nextEvent() { events.append(event) }
        return events
    }

    mutating func takeOutputBytes() -> [UInt8] {
        takeOutput().flatMap { $0.head + $0.attachment }
    }
}

extension ByteSlice {
    init(_ bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { ByteSlice(copying: $0) }
    }
}

/// A batch of `count` records, "0", "1" and so on, that begins at `offset`.
func batch(at offset: Int64, count: Int) throws -> [UInt8] {
    let records = (0..<count).map { Record(value: Array("\(offset &+ Int64($0))".utf8)) }
    var batch = try RecordBatchBuilder.build(records, now: Timestamp(milliseconds: 1000))
    batch.withUnsafeMutableBytes {
        RecordBatch.assign(offset: Offset(offset), leaderEpoch: .zero, in: $0.baseAddress!)
    }
    return batch
}

func subscribeBody(startOffset: Int64? = nil, highWatermark: Int64 = 100) throws -> ByteSlice {
    var message = WireSubscribeBatch()
    message.highWatermark = highWatermark
    if let startOffset { message.startOffset = startOffset }
    return ByteSlice(try message.serializedBytes() as [UInt8])
}

let topic = try! TopicName("orders")
