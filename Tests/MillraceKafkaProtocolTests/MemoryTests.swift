import MillraceBytes
import MillraceKafkaProtocol
import MillraceModel
import Testing

/// How much memory the bytes of a message may demand: a limit on a request's size is one on memory only as long as
/// what an element takes is a small multiple of what it is on the wire.
struct MemoryTests {
    private static let mostForAByte = 24

    @Test(arguments: API.allCases)
    func elementsTakeASmallMultipleOfTheirBytes(_ api: API) {
        func measure<M: Message>(_ type: M.Type, _ version: Int16) {
            var measurer = ElementMeasurer(version: version, isFlexible: api.isFlexible(version))
            var message = M()
            message.layout(&measurer)
            for element in measurer.elements {
                #expect(
                    element.inMemory <= Self.mostForAByte * element.onWire,
                    "\(element.name) of \(type) version \(version)")
            }
        }
        for message in api.messages {
            for version in api.versions { measure(message, version) }
        }
    }

    @Test func manyUnknownTagsAreRead() {
        // Metadata version 12 of no topics, all flags false, and about as many empty tagged fields as there are
        // numbers of two bytes.
        var writer = ByteWriter()
        writer.writeBytes([1, 0, 0])
        writer.writeUnsignedVarint(16_000)
        for number in UInt32(0)..<16_000 {
            writer.writeUnsignedVarint(number)
            writer.writeUnsignedVarint(0)
        }
        #expect(throws: Never.self) { try MetadataRequest.decode(writer.take(), version: 12) }
    }
}

/// Of each array of a message, what the smallest element takes in memory and on the wire.
private struct ElementMeasurer: FieldVisitor {
    typealias Failure = Never

    struct Element {
        let name: String
        let inMemory: Int
        let onWire: Int
    }

    let version: Int16
    let isFlexible: Bool
    var elements: [Element] = []

    mutating func integer<Integer: FixedWidthInteger>(_ value: inout Integer) {}
    mutating func boolean(_ value: inout Bool) {}
    mutating func double(_ value: inout Double) {}
    mutating func uuid(_ value: inout TopicID) {}
    mutating func string(_ value: inout String?, isNullable: Bool) {}
    mutating func bytes(_ value: inout [UInt8]?, isNullable: Bool) {}
    mutating func records(_ value: inout RecordData, isNullable: Bool) {}

    mutating func array<Value: WireValue>(_ value: inout [Value]?, isNullable: Bool) {
        var element = Value()
        var encoder = MessageEncoder(ByteWriter(), version: version, isFlexible: isFlexible)
        element.visit(&encoder)
        elements.append(
            Element(
                name: "\(Value.self)", inMemory: MemoryLayout<Value>.stride,
                onWire: encoder.writer.count))
        element.visit(&self)
    }

    mutating func structure<Structure: WireStruct>(_ value: inout Structure?, isNullable: Bool) {
        var structure = Structure()
        structure.layout(&self)
    }

    mutating func beginTag(_ number: UInt32, isAbsent: Bool) -> Bool { isFlexible }
    mutating func endTag(_ number: UInt32) {}
    mutating func end() {}
}
