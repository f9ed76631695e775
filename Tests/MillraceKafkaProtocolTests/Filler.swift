import MillraceKafkaProtocol
import MillraceModel

/// Fills every field that a version has with values that are legal there: numbers at their bounds, null where it is
/// allowed, arrays empty and not, tagged fields present and absent.
struct Filler: FieldVisitor {
    typealias Failure = Never

    let version: Int16
    private let isFlexible: Bool
    private let values: Values
    private var random: SeededGenerator
    /// How many arrays enclose the field.
    private var depth = 0

    enum Values {
        case any
        /// What other libraries can hold as well: they have errors, times and durations where the wire has numbers.
        case plausible
    }

    static func fill<M: Message>(
        _ message: M.Type, version: Int16, seed: UInt64, values: Values = .any
    ) -> M {
        var filler = Filler(
            version: version, isFlexible: M.api.isFlexible(version), values: values,
            random: SeededGenerator(seed: seed))
        var message = M()
        message.layout(&filler)
        return message
    }

    private mutating func chance(_ part: Int, of whole: Int) -> Bool {
        Int.random(in: 0..<whole, using: &random) < part
    }

    // MARK: Values

    mutating func integer<Integer: FixedWidthInteger>(_ value: inout Integer) {
        if values == .plausible {
            // Two bytes may be an error code, eight the milliseconds since 1970.
            let bounds: [Int: Integer] = [16: 90, 64: Integer(truncatingIfNeeded: 2_000_000_000_000)]
            value = Integer.random(in: 0...(bounds[Integer.bitWidth] ?? .max), using: &random)
        } else if chance(1, of: 3) {
            value = [.min, .max, 0, 1, 0 &- 1].randomElement(using: &random) ?? 0
        } else {
            value = Integer.random(in: .min ... .max, using: &random)
        }
    }

    mutating func boolean(_ value: inout Bool) { value = chance(1, of: 2) }

    mutating func double(_ value: inout Double) {
        let choices = [0, -1.5, .greatestFiniteMagnitude, .leastNonzeroMagnitude, 1e-300]
        value = choices.randomElement(using: &random) ?? 0
    }

    mutating func uuid(_ value: inout TopicID) {
        value = chance(1, of: 4) ? .zero : TopicID(high: random.next(), low: random.next())
    }

    mutating func string(_ value: inout String?, isNullable: Bool) {
        if isNullable, chance(1, of: 4) { return value = nil }
        let characters: [Character] = ["a", "B", "7", ".", "-", "\0", "ß", "水", "😀", "e\u{301}"]
        let text = (0..<size()).map { _ in characters.randomElement(using: &random) ?? "a" }
        value = String(text)
    }

    mutating func bytes(_ value: inout [UInt8]?, isNullable: Bool) {
        if isNullable, chance(1, of: 4) { return value = nil }
        value = (0..<size()).map { _ in random.byte() }
    }

    mutating func records(_ value: inout RecordData, isNullable: Bool) {
        value = RecordData()
        if !isNullable || chance(3, of: 4) { value.count = size() }
    }

    mutating func array<Element: WireValue>(_ value: inout [Element]?, isNullable: Bool) {
        if isNullable, chance(1, of: 5) { return value = nil }
        depth += 1
        defer { depth -= 1 }
        let isLong = depth == 1 && chance(1, of: 20) && !(Element.self is any WireStruct.Type)
        let count = isLong ? 200 : Int.random(in: 0...(depth > 2 ? 1 : 2), using: &random)
        var elements: [Element] = []
        for _ in 0..<count {
            var element = Element()
            element.visit(&self)
            elements.append(element)
        }
        value = elements
    }

    mutating func structure<Structure: WireStruct>(_ value: inout Structure?, isNullable: Bool) {
        if isNullable, chance(1, of: 3) { return value = nil }
        var structure = Structure()
        structure.layout(&self)
        value = structure
    }

    /// Mostly small; now and then around where a compact length takes a second byte.
    private mutating func size() -> Int {
        chance(1, of: 20)
            ? Int.random(in: 120...135, using: &random) : Int.random(in: 0...6, using: &random)
    }

    // MARK: Tagged fields

    mutating func beginTag(_ number: UInt32, isAbsent: Bool) -> Bool { isFlexible && chance(1, of: 2) }
    mutating func endTag(_ number: UInt32) {}
    mutating func end() {}
}
