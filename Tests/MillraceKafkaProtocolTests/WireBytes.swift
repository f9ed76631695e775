import MillraceBytes
import MillraceKafkaProtocol
import MillraceModel

extension Message {
    /// The encoded message with bytes where record batches would be, and what the message says of those.
    /// - Parameter original: the bytes that the message was decoded from, whose batches are put in at their places.
    func wireBytes(version: Int16, records original: [UInt8] = []) -> (bytes: [UInt8], gaps: [RecordGap]) {
        var writer = ByteWriter()
        let gaps = encode(version: version, into: &writer)
        let encoded = writer.take()
        var bytes: [UInt8] = []
        var taken = 0
        for gap in gaps {
            bytes += encoded[taken..<gap.position]
            let batches = original.dropFirst(bytes.count).prefix(gap.count)
            bytes += batches.isEmpty ? [UInt8](repeating: 0xba, count: gap.count) : Array(batches)
            taken = gap.position
        }
        return (bytes + encoded[taken...], gaps)
    }

    static func decode(_ bytes: [UInt8], version: Int16) throws(WireError) -> Self {
        // Bytes on the heap, so that a sanitizer sees a read past their end.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        return try decode(from: ByteReader(UnsafeRawBufferPointer(copy)), version: version)
    }

    /// Takes the places of record batches out of the message, where only a decoded one has them.
    mutating func takeRecords(version: Int16) -> [RecordData] {
        var taker = RecordTaker(version: version, isFlexible: Self.api.isFlexible(version))
        layout(&taker)
        return taker.records
    }
}

private struct RecordTaker: FieldVisitor {
    typealias Failure = Never

    let version: Int16
    let isFlexible: Bool
    var records: [RecordData] = []

    mutating func integer<Integer: FixedWidthInteger>(_ value: inout Integer) {}
    mutating func boolean(_ value: inout Bool) {}
    mutating func double(_ value: inout Double) {}
    mutating func uuid(_ value: inout TopicID) {}
    mutating func string(_ value: inout String?, isNullable: Bool) {}
    mutating func bytes(_ value: inout [UInt8]?, isNullable: Bool) {}

    mutating func records(_ value: inout RecordData, isNullable: Bool) {
        records.append(value)
        value.position = 0
    }

    mutating func array<Element: WireValue>(_ value: inout [Element]?, isNullable: Bool) {
        for index in (value ?? []).indices { value?[index].visit(&self) }
    }

    mutating func structure<Structure: WireStruct>(_ value: inout Structure?, isNullable: Bool) {
        value?.layout(&self)
    }

    mutating func beginTag(_ number: UInt32, isAbsent: Bool) -> Bool { isFlexible }
    mutating func endTag(_ number: UInt32) {}
    mutating func end() {}
}
