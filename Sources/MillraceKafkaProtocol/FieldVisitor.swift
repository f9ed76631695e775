package import MillraceModel

/// One pass over a message's fields, in the order they have on the wire.
///
/// A message states its fields once, in `layout(_:)`; decoder and encoder (and, in tests, a recorder that is compared
/// with Kafka's schemas, and a filler) are visitors of that one statement, so they cannot disagree about order or
/// versions.
package protocol FieldVisitor {
    associatedtype Failure: Error

    var version: Int16 { get }

    mutating func integer<Integer: FixedWidthInteger>(_ value: inout Integer) throws(Failure)
    mutating func boolean(_ value: inout Bool) throws(Failure)
    mutating func double(_ value: inout Double) throws(Failure)
    mutating func uuid(_ value: inout TopicID) throws(Failure)
    mutating func string(_ value: inout String?, isNullable: Bool) throws(Failure)
    mutating func bytes(_ value: inout [UInt8]?, isNullable: Bool) throws(Failure)
    mutating func records(_ value: inout RecordData, isNullable: Bool) throws(Failure)
    mutating func array<Element: WireValue>(_ value: inout [Element]?, isNullable: Bool) throws(Failure)
    /// A structure behind a byte that says whether it is there.
    mutating func structure<Structure: WireStruct>(_ value: inout Structure?, isNullable: Bool) throws(Failure)
    /// Before a tagged field, which is on the wire only where its value is not the one that absence means.
    /// - Returns: whether to visit the value and then to call `endTag`.
    mutating func beginTag(_ number: UInt32, isAbsent: Bool) throws(Failure) -> Bool
    mutating func endTag(_ number: UInt32) throws(Failure)
    /// After the last field of every structure.
    mutating func end() throws(Failure)
}

/// What a field or the element of an array may be.
package protocol WireValue: Hashable, Sendable {
    init()
    mutating func visit<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure)
}

/// A structure with a layout.
package protocol WireStruct: WireValue {
    mutating func layout<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure)
}

extension WireStruct {
    package mutating func visit<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try layout(&visitor)
    }
}

// MARK: - What layouts are written with

extension FieldVisitor {
    package func has(_ versions: PartialRangeFrom<Int16>) -> Bool { version >= versions.lowerBound }
    package func has(_ versions: PartialRangeThrough<Int16>) -> Bool { version <= versions.upperBound }
    package func has(_ versions: ClosedRange<Int16>) -> Bool { versions.contains(version) }

    package mutating func field<Value: WireValue>(_ value: inout Value) throws(Failure) {
        try value.visit(&self)
    }

    package mutating func field(_ value: inout String?, nullable: Bool = true) throws(Failure) {
        try string(&value, isNullable: nullable)
    }

    package mutating func field(_ value: inout [UInt8]) throws(Failure) {
        var optional: [UInt8]? = value
        try bytes(&optional, isNullable: false)
        value = optional ?? []
    }

    package mutating func field(_ value: inout [UInt8]?, nullable: Bool = true) throws(Failure) {
        try bytes(&value, isNullable: nullable)
    }

    package mutating func field(_ value: inout RecordData, nullable: Bool = true) throws(Failure) {
        try records(&value, isNullable: nullable)
    }

    package mutating func field<Element: WireValue>(_ value: inout [Element]) throws(Failure) {
        var optional: [Element]? = value
        try array(&optional, isNullable: false)
        value = optional ?? []
    }

    package mutating func field<Element: WireValue>(
        _ value: inout [Element]?, nullable: Bool = true
    ) throws(Failure) {
        try array(&value, isNullable: nullable)
    }

    package mutating func field<Structure: WireStruct>(
        _ value: inout Structure?, nullable: Bool = true
    ) throws(Failure) {
        try structure(&value, isNullable: nullable)
    }

    package mutating func tag<Value: WireValue>(
        _ number: UInt32, _ value: inout Value, absent: Value = Value()
    ) throws(Failure) {
        guard try beginTag(number, isAbsent: value == absent) else { return }
        try field(&value)
        try endTag(number)
    }

    package mutating func tag(_ number: UInt32, _ value: inout String?) throws(Failure) {
        guard try beginTag(number, isAbsent: value == nil) else { return }
        try field(&value)
        try endTag(number)
    }

    package mutating func tag<Element: WireValue>(
        _ number: UInt32, _ value: inout [Element]
    ) throws(Failure) {
        guard try beginTag(number, isAbsent: value.isEmpty) else { return }
        try field(&value)
        try endTag(number)
    }
}

// MARK: - The primitive types

extension Int8: WireValue {}
extension Int16: WireValue {}
extension Int32: WireValue {}
extension Int64: WireValue {}
extension UInt16: WireValue {}

extension FixedWidthInteger {
    package mutating func visit<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.integer(&self)
    }
}

extension Bool: WireValue {
    package mutating func visit<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.boolean(&self)
    }
}

extension Double: WireValue {
    package mutating func visit<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.double(&self)
    }
}

extension String: WireValue {
    package mutating func visit<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        var optional: String? = self
        try visitor.string(&optional, isNullable: false)
        self = optional ?? ""
    }
}

extension TopicID: WireValue {
    /// Kafka's "no topic id".
    package static let zero = TopicID(high: 0, low: 0)

    package init() { self = .zero }

    package mutating func visit<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.uuid(&self)
    }
}

extension ErrorCode: WireValue {
    package init() { self = .none }

    package mutating func visit<V: FieldVisitor>(_ visitor: inout V) throws(V.Failure) {
        try visitor.integer(&rawValue)
    }
}
