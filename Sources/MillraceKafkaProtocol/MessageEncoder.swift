package import MillraceBytes
package import MillraceModel

/// Writes a message. Fields that the version does not have are left out.
package struct MessageEncoder: FieldVisitor {
    package typealias Failure = Never

    package var writer: ByteWriter
    package let version: Int16
    private let isFlexible: Bool
    package private(set) var gaps: [RecordGap] = []
    /// Tagged fields of the structure being written, which follow its last field.
    private var tagged = TagSection()
    /// The structures whose tagged field is being written.
    private var outer: [Outer] = []

    private struct TagSection {
        var count: UInt32 = 0
        var bytes = ByteWriter()
    }

    private struct Outer {
        let writer: ByteWriter
        let tagged: TagSection
    }

    package init(_ writer: ByteWriter, version: Int16, isFlexible: Bool) {
        self.writer = writer
        self.version = version
        self.isFlexible = isFlexible
    }

    // MARK: Values

    package mutating func integer<Integer: FixedWidthInteger>(_ value: inout Integer) {
        withUnsafeBytes(of: value.bigEndian) { writer.writeBytes($0) }
    }

    package mutating func boolean(_ value: inout Bool) { writer.writeUInt8(value ? 1 : 0) }

    package mutating func double(_ value: inout Double) { writer.writeUInt64(value.bitPattern) }

    package mutating func uuid(_ value: inout TopicID) {
        writer.writeUInt64(value.high)
        writer.writeUInt64(value.low)
    }

    package mutating func string(_ value: inout String?, isNullable: Bool) {
        guard var text = value ?? (isNullable ? nil : "") else { return shortLength(nil) }
        text.withUTF8 {
            let bytes = isFlexible ? $0[...] : $0.classicPrefix
            shortLength(bytes.count)
            writer.writeBytes(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes)))
        }
    }

    package mutating func bytes(_ value: inout [UInt8]?, isNullable: Bool) {
        guard let bytes = value ?? (isNullable ? nil : []) else { return longLength(nil) }
        longLength(bytes.count)
        writer.writeBytes(bytes)
    }

    package mutating func records(_ value: inout RecordData, isNullable: Bool) {
        let count = value.count ?? (isNullable ? nil : 0)
        longLength(count)
        if let count, count > 0 { gaps.append(RecordGap(position: writer.count, count: count)) }
    }

    package mutating func array<Element: WireValue>(_ value: inout [Element]?, isNullable: Bool) {
        guard var elements = value ?? (isNullable ? nil : []) else { return longLength(nil) }
        longLength(elements.count)
        for index in elements.indices { elements[index].visit(&self) }
    }

    package mutating func structure<Structure: WireStruct>(_ value: inout Structure?, isNullable: Bool) {
        guard var structure = value ?? (isNullable ? nil : Structure()) else {
            return writer.writeInt8(-1)
        }
        if isNullable { writer.writeInt8(1) }
        structure.layout(&self)
    }

    // MARK: Tagged fields

    package mutating func beginTag(_ number: UInt32, isAbsent: Bool) -> Bool {
        guard isFlexible, !isAbsent else { return false }
        outer.append(Outer(writer: writer, tagged: tagged))
        writer = ByteWriter()
        tagged = TagSection()
        return true
    }

    package mutating func endTag(_ number: UInt32) {
        let value = writer.take()
        guard let structure = outer.popLast() else { return }
        writer = structure.writer
        tagged = structure.tagged
        tagged.count += 1
        tagged.bytes.writeUnsignedVarint(number)
        tagged.bytes.writeUnsignedVarint(UInt32(clamping: value.count))
        tagged.bytes.writeBytes(value)
    }

    package mutating func end() {
        guard isFlexible else { return }
        writer.writeUnsignedVarint(tagged.count)
        guard tagged.count > 0 else { return }
        tagged.bytes.withUnsafeBytes { writer.writeBytes($0) }
        tagged = TagSection()
    }

    // MARK: Lengths

    private mutating func shortLength(_ count: Int?) {
        if isFlexible { compactLength(count) } else { writer.writeInt16(Int16(clamping: count ?? -1)) }
    }

    private mutating func longLength(_ count: Int?) {
        if isFlexible { compactLength(count) } else { writer.writeInt32(Int32(clamping: count ?? -1)) }
    }

    private mutating func compactLength(_ count: Int?) {
        writer.writeUnsignedVarint(UInt32(clamping: (count ?? -1) + 1))
    }
}

extension RandomAccessCollection<UInt8> {
    /// A classic string has two bytes of length: one of ours that would not fit is cut, between two characters, since
    /// a reader refuses the half of one.
    var classicPrefix: SubSequence {
        guard count > Int(Int16.max) else { return self[...] }
        var end = index(startIndex, offsetBy: Int(Int16.max))
        while end > startIndex, self[end] & 0xc0 == 0x80 { end = index(before: end) }
        return self[..<end]
    }
}
