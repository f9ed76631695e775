internal import MillraceBytes
public import MillraceModel

/// One record of a batch, where it lies. The pointers are valid only as long as the
/// `RecordBatchView` it came from is held, and, if that borrows its bytes, only inside the scope
/// it was lent for; `key`, `value` and `record()` make copies that outlive it.
///
///     length varint | attributes i8 | timestamp delta varlong | offset delta varint
///     | key length varint, key | value length varint, value
///     | header count varint | (key length varint, key, value length varint, value) ...
///
/// The length counts what follows it. A length of -1 stands for a key or value that is not there.
public struct RecordView {
    /// Where the record stands in its partition.
    public let offset: Offset
    /// The producer's time, or the log's where the topic says `LogAppendTime`.
    public let timestamp: Timestamp
    /// The key where it lies; nil for a record of no key.
    public let keyBytes: UnsafeRawBufferPointer?
    /// The value where it lies; nil is a tombstone.
    public let valueBytes: UnsafeRawBufferPointer?

    /// From the header count to the end of the record, not parsed yet.
    let headerBytes: UnsafeRawBufferPointer
    let index: Int
    let baseOffset: Offset

    /// The key where it lies, which the compiler keeps from outliving this record; nil for a record
    /// of no key.
    public var keySpan: RawSpan? {
        @_lifetime(borrow self)
        get { span(over: keyBytes) }
    }

    /// The value where it lies, which the compiler keeps from outliving this record; nil is a
    /// tombstone.
    public var valueSpan: RawSpan? {
        @_lifetime(borrow self)
        get { span(over: valueBytes) }
    }

    @_lifetime(borrow self)
    private func span(over bytes: UnsafeRawBufferPointer?) -> RawSpan? {
        guard let bytes else { return nil }
        return _overrideLifetime(RawSpan(_unsafeBytes: bytes), borrowing: self)
    }

    /// A copy of the key.
    public var key: [UInt8]? { keyBytes.map { [UInt8]($0) } }

    /// A copy of the value; nil is a tombstone.
    public var value: [UInt8]? { valueBytes.map { [UInt8]($0) } }

    /// Calls `body` with the name (UTF-8) and value of each header, in order, and checks that the
    /// record ends where its length says. Nothing is allocated; the bytes are valid as long as the
    /// record's.
    /// - Throws: `malformedRecord`.
    public func forEachHeader(
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void
    ) throws(RecordsError) {
        var reader = ByteReader(headerBytes)
        do throws(BytesError) {
            var remaining = try reader.readVarint()
            guard remaining >= 0 else { throw .negativeCount(Int(remaining), position: 0) }
            // No memory is taken by this count: one that is too large runs out of bytes.
            while remaining > 0 {
                remaining &-= 1
                let name = try reader.readBytes(Int(try reader.readVarint()))
                body(name, try reader.readNullableBytes(Int(try reader.readVarint())))
            }
        } catch {
            throw .malformedRecord(RecordFault(error), index: index, baseOffset: baseOffset)
        }
        guard reader.isAtEnd else {
            throw .malformedRecord(
                .trailingBytes(reader.remaining), index: index, baseOffset: baseOffset)
        }
    }

    /// Copies of the headers. A name that is not UTF-8 is repaired, as Java does.
    /// - Throws: `malformedRecord`, as `forEachHeader` does.
    public func headers() throws(RecordsError) -> [RecordHeader] {
        var headers: [RecordHeader] = []
        try forEachHeader { name, value in
            headers.append(
                RecordHeader(
                    key: String(decoding: name, as: UTF8.self), value: value.map { [UInt8]($0) }))
        }
        return headers
    }

    /// A copy of the whole record.
    /// - Throws: `malformedRecord` where its headers are.
    public func record() throws(RecordsError) -> Record {
        Record(key: key, value: value, headers: try headers(), timestamp: timestamp)
    }
}

extension ByteReader {
    /// The next `length` bytes, or none when the length is the -1 that says so.
    @inline(__always)
    mutating func readNullableBytes(_ length: Int) throws(BytesError) -> UnsafeRawBufferPointer? {
        length == -1 ? nil : try readBytes(length)
    }
}

extension RecordFault {
    init(_ error: BytesError) {
        switch error {
        case .truncated(let needed, let remaining, _):
            self = .truncated(needed: needed, remaining: remaining)
        case .negativeCount(let count, _): self = .illegalLength(count)
        case .varintOverflow: self = .varintOverflow
        }
    }
}
