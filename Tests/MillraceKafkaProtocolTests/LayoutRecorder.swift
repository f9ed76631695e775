import MillraceKafkaProtocol
import MillraceModel

/// Writes a layout down, a line for each thing that a reader of the wire would have to know. Arrays get one element,
/// structures that may be null are there, and every tagged field is visited.
///
/// A visitor sees values, not names. So the field of one line is altered, and whose value has changed tells its name.
struct LayoutRecorder: FieldVisitor {
    typealias Failure = Never

    let version: Int16
    let isFlexible: Bool
    /// The line whose field is altered.
    let altered: Int?
    private var lines: [Line] = []

    private struct Line {
        let text: String
        let isField: Bool
    }

    private init(version: Int16, isFlexible: Bool, altered: Int?) {
        self.version = version
        self.isFlexible = isFlexible
        self.altered = altered
    }

    static func lines<M: Message>(of message: M.Type, version: Int16) -> [String] {
        func record(altering line: Int?) -> (lines: [Line], fields: [FieldDump.Field]) {
            var recorder = LayoutRecorder(
                version: version, isFlexible: M.api.isFlexible(version), altered: line)
            var message = M()
            message.layout(&recorder)
            return (recorder.lines, FieldDump.fields(of: message))
        }
        let whole = record(altering: nil)
        return whole.lines.enumerated().map { index, line in
            guard line.isField else { return line.text }
            let fields = record(altering: index).fields
            let changed = zip(whole.fields, fields).first { $0 != $1 }?.0.path
            return "\(changed ?? "(no field)"): \(line.text)"
        }
    }

    private mutating func field(_ text: String) -> Bool {
        lines.append(Line(text: text, isField: true))
        return lines.count - 1 == altered
    }

    private mutating func mark(_ text: String) {
        lines.append(Line(text: text, isField: false))
    }

    // MARK: Values

    mutating func integer<Integer: FixedWidthInteger>(_ value: inout Integer) {
        let type = (Integer.isSigned ? "int" : "uint") + "\(Integer.bitWidth)"
        if field("\(type) = \(value)") { value ^= 1 }
    }

    mutating func boolean(_ value: inout Bool) {
        if field("bool = \(value)") { value.toggle() }
    }

    mutating func double(_ value: inout Double) {
        if field("float64 = \(value)") { value += 1 }
    }

    mutating func uuid(_ value: inout TopicID) {
        if field("uuid = \(value == .zero ? "zero" : "\(value)")") { value = TopicID(high: 0, low: 1) }
    }

    mutating func string(_ value: inout String?, isNullable: Bool) {
        let text = value.map { "\"\($0)\"" } ?? "null"
        if field("string\(isNullable ? " nullable" : "") = \(text)") { value = (value ?? "") + "x" }
    }

    mutating func bytes(_ value: inout [UInt8]?, isNullable: Bool) {
        let text = value == nil ? "null" : "empty"
        if field("bytes\(isNullable ? " nullable" : "") = \(text)") { value = (value ?? []) + [1] }
    }

    mutating func records(_ value: inout RecordData, isNullable: Bool) {
        let text = value.count == nil ? "null" : "empty"
        if field("records\(isNullable ? " nullable" : "") = \(text)") { value = RecordData(count: 1) }
    }

    mutating func array<Element: WireValue>(_ value: inout [Element]?, isNullable: Bool) {
        let text = value.map { $0.isEmpty ? "empty" : "\($0)" } ?? "null"
        if field("array\(isNullable ? " nullable" : "") = \(text)") {
            value = []
        } else {
            var element = Element()
            element.visit(&self)
            value = [element]
        }
        mark("array ends")
    }

    mutating func structure<Structure: WireStruct>(_ value: inout Structure?, isNullable: Bool) {
        if isNullable, field("structure nullable = \(value == nil ? "null" : "present")") {
            value = nil
            return
        }
        var structure = value ?? Structure()
        structure.layout(&self)
        value = structure
    }

    // MARK: Tagged fields

    mutating func beginTag(_ number: UInt32, isAbsent: Bool) -> Bool {
        // Outside of an altered pass every value is the default, which a message leaves out.
        guard isFlexible else { return false }
        mark("tag \(number)\(isAbsent || altered != nil ? "" : " whose default is not left out")")
        return true
    }

    mutating func endTag(_ number: UInt32) { mark("tag \(number) ends") }

    mutating func end() { mark("structure ends") }
}

/// The values of a message with the path of property names that leads to each.
enum FieldDump {
    struct Field: Equatable {
        let path: String
        let value: String
    }

    static func fields(of message: some WireStruct) -> [Field] {
        var fields: [Field] = []
        dump(message, path: "", into: &fields)
        return fields
    }

    private static func dump(_ value: Any, path: String, into fields: inout [Field]) {
        if let bytes = value as? [UInt8] {
            return fields.append(Field(path: path, value: "\(bytes)"))
        }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional:
            fields.append(Field(path: path, value: mirror.children.isEmpty ? "null" : "present"))
            for child in mirror.children { dump(child.value, path: path, into: &fields) }
        case .collection:
            fields.append(Field(path: path, value: "\(mirror.children.count) elements"))
            for child in mirror.children { dump(child.value, path: path, into: &fields) }
        default:
            guard value is any WireStruct else {
                return fields.append(Field(path: path, value: "\(value)"))
            }
            for child in mirror.children {
                let name = (child.label ?? "").lowercased()
                dump(child.value, path: path.isEmpty ? name : "\(path).\(name)", into: &fields)
            }
        }
    }
}
