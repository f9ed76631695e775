package import MillraceBytes
package import MillraceModel

/// Reads a message. Nothing is allocated by a length that came from outside before the bytes are known to be there.
package struct MessageDecoder: FieldVisitor {
    package typealias Failure = WireError

    private var reader: ByteReader
    package let version: Int16
    private let isFlexible: Bool
    private typealias TagSection = [(number: UInt32, range: Range<Int>)]
    /// Where the tagged fields of the structure being read lie; nil before they are looked at.
    private var tags: TagSection?
    /// The structures whose tagged field is being read.
    private var outer: [Outer] = []

    private struct Outer {
        let position: Int
        let tags: TagSection
        /// Where the field ends.
        let end: Int
    }

    package init(_ reader: ByteReader, version: Int16, isFlexible: Bool) {
        self.reader = reader
        self.version = version
        self.isFlexible = isFlexible
    }

    /// What has not been read.
    var rest: ByteReader { reader }

    private mutating func read<Value>(
        _ body: (inout ByteReader) throws(BytesError) -> Value
    ) throws(WireError) -> Value {
        do throws(BytesError) { return try body(&reader) } catch { throw .bytes(error) }
    }

    // MARK: Values

    package mutating func integer<Integer: FixedWidthInteger>(_ value: inout Integer) throws(WireError) {
        value = try read { (reader) throws(BytesError) in
            let bytes = try reader.readBytes(MemoryLayout<Integer>.size)
            return Integer(bigEndian: bytes.loadUnaligned(as: Integer.self))
        }
    }

    package mutating func boolean(_ value: inout Bool) throws(WireError) {
        value = try read { (reader) throws(BytesError) in try reader.readUInt8() } != 0
    }

    package mutating func double(_ value: inout Double) throws(WireError) {
        value = Double(bitPattern: try read { (reader) throws(BytesError) in try reader.readUInt64() })
    }

    package mutating func uuid(_ value: inout TopicID) throws(WireError) {
        value = try read { (reader) throws(BytesError) in
            let high = try reader.readUInt64()
            return TopicID(high: high, low: try reader.readUInt64())
        }
    }

    package mutating func string(_ value: inout String?, isNullable: Bool) throws(WireError) {
        let position = reader.position
        guard let count = try shortLength() else {
            guard isNullable else { throw .unexpectedNull(position: position) }
            return value = nil
        }
        let bytes = try read { (reader) throws(BytesError) in try reader.readBytes(count) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .invalidUTF8(position: position)
        }
        value = text
    }

    package mutating func bytes(_ value: inout [UInt8]?, isNullable: Bool) throws(WireError) {
        let position = reader.position
        guard let count = try longLength() else {
            guard isNullable else { throw .unexpectedNull(position: position) }
            return value = nil
        }
        value = Array(try read { (reader) throws(BytesError) in try reader.readBytes(count) })
    }

    package mutating func records(_ value: inout RecordData, isNullable: Bool) throws(WireError) {
        let position = reader.position
        value = RecordData()
        guard let count = try longLength() else {
            guard isNullable else { throw .unexpectedNull(position: position) }
            return
        }
        value.position = reader.position
        value.count = count
        try read { (reader) throws(BytesError) in try reader.skip(count) }
    }

    package mutating func array<Element: WireValue>(
        _ value: inout [Element]?, isNullable: Bool
    ) throws(WireError) {
        let position = reader.position
        guard let count = try longLength() else {
            guard isNullable else { throw .unexpectedNull(position: position) }
            return value = nil
        }
        // Every element takes a byte at the least, so the count is bounded by what is there.
        guard count <= reader.remaining else {
            throw .lengthTooLarge(count, remaining: reader.remaining, position: position)
        }
        var elements: [Element] = []
        elements.reserveCapacity(min(count, Self.reservedElements))
        for _ in 0..<count {
            var element = Element()
            let before = reader.position
            try element.visit(&self)
            guard reader.position > before else { throw .unexpectedNull(position: before) }
            elements.append(element)
        }
        value = elements
    }

    /// An element in memory is larger than on the wire: what a count claims is not reserved beyond this.
    private static let reservedElements = 1024

    package mutating func structure<Structure: WireStruct>(
        _ value: inout Structure?, isNullable: Bool
    ) throws(WireError) {
        let position = reader.position
        if isNullable {
            let presence = try read { (reader) throws(BytesError) in try reader.readInt8() }
            guard presence >= 0 else { return value = nil }
        }
        guard reader.remaining > 0 else { throw .unexpectedNull(position: position) }
        var structure = Structure()
        try structure.layout(&self)
        value = structure
    }

    // MARK: Tagged fields

    package mutating func beginTag(_ number: UInt32, isAbsent: Bool) throws(WireError) -> Bool {
        guard isFlexible else { return false }
        let section = try tagSection()
        guard let range = section.first(where: { $0.number == number })?.range else { return false }
        outer.append(Outer(position: reader.position, tags: section, end: range.upperBound))
        try seek(range.lowerBound)
        tags = nil
        return true
    }

    package mutating func endTag(_ number: UInt32) throws(WireError) {
        guard let structure = outer.popLast(), reader.position == structure.end else {
            throw .malformedTag(number, position: reader.position)
        }
        tags = structure.tags
        try seek(structure.position)
    }

    package mutating func end() throws(WireError) {
        guard isFlexible else { return }
        _ = try tagSection()
        tags = nil
    }

    /// Finds where each tagged value lies and moves past them all. Most structures have none.
    private mutating func tagSection() throws(WireError) -> TagSection {
        if let tags { return tags }
        var section: TagSection = []
        let count = try read { (reader) throws(BytesError) in try reader.readUnsignedVarint() }
        for index in 0..<count {
            let position = reader.position
            let number = try read { (reader) throws(BytesError) in try reader.readUnsignedVarint() }
            let size = try read { (reader) throws(BytesError) in try reader.readUnsignedVarint() }
            if index > 0, let last = section.last, number <= last.number {
                throw .malformedTag(number, position: position)
            }
            let start = reader.position
            try read { (reader) throws(BytesError) in try reader.skip(Int(size)) }
            section.append((number, start..<reader.position))
        }
        tags = section
        return section
    }

    private mutating func seek(_ position: Int) throws(WireError) {
        try read { (reader) throws(BytesError) in try reader.move(to: position) }
    }

    // MARK: Lengths

    /// nil for null.
    private mutating func shortLength() throws(WireError) -> Int? {
        if isFlexible { return try compactLength() }
        let length = try read { (reader) throws(BytesError) in try reader.readInt16() }
        return length < 0 ? nil : Int(length)
    }

    private mutating func longLength() throws(WireError) -> Int? {
        if isFlexible { return try compactLength() }
        let length = try read { (reader) throws(BytesError) in try reader.readInt32() }
        return length < 0 ? nil : Int(length)
    }

    private mutating func compactLength() throws(WireError) -> Int? {
        let length = try read { (reader) throws(BytesError) in try reader.readUnsignedVarint() }
        return length == 0 ? nil : Int(length) - 1
    }
}
