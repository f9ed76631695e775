import Foundation
import MillraceKafkaProtocol

/// A message as Apache Kafka's own schema describes it: a JSON file with `//` comments.
struct KafkaSchema {
    let name: String
    let key: Int
    let validVersions: VersionRange
    let flexibleVersions: VersionRange
    private let fields: [Field]
    private let commonStructures: [String: [Field]]

    /// "3", "0-12", "9+" or "none".
    struct VersionRange: Decodable, Equatable {
        let lowest: Int16
        let highest: Int16
        static let none = VersionRange(lowest: 1, highest: 0)

        init(lowest: Int16, highest: Int16) {
            self.lowest = lowest
            self.highest = highest
        }

        init(from decoder: any Decoder) throws {
            let text = try decoder.singleValueContainer().decode(String.self)
            if text == "none" {
                self = .none
            } else if text.hasSuffix("+"), let lowest = Int16(text.dropLast()) {
                self.init(lowest: lowest, highest: .max)
            } else {
                let bounds = text.split(separator: "-").compactMap { Int16($0) }
                guard let first = bounds.first, let last = bounds.last else {
                    throw Unreadable(reason: "the version range \(text)")
                }
                self.init(lowest: first, highest: last)
            }
        }

        func contains(_ version: Int16) -> Bool { lowest <= version && version <= highest }
    }

    struct Unreadable: Error {
        let reason: String
    }

    private struct Field: Decodable {
        let name: String
        let type: String
        let versions: VersionRange
        let nullableVersions: VersionRange?
        let taggedVersions: VersionRange?
        let tag: UInt32?
        let `default`: Default?
        let fields: [Field]?

        func isTagged(in version: Int16) -> Bool { taggedVersions?.contains(version) ?? false }
    }

    /// A default is written as a string, a number or a boolean.
    private struct Default: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self.text = text
            } else if let flag = try? container.decode(Bool.self) {
                text = "\(flag)"
            } else {
                text = "\(try container.decode(Int64.self))"
            }
        }
    }

    private struct File: Decodable {
        let name: String
        let apiKey: Int
        let validVersions: VersionRange
        let flexibleVersions: VersionRange
        let fields: [Field]
        let commonStructs: [CommonStructure]?

        struct CommonStructure: Decodable {
            let name: String
            let fields: [Field]
        }
    }
}

// MARK: - Reading

extension KafkaSchema {
    static let variable = "MILLRACE_KAFKA_MESSAGES"

    /// The folder of the schemas, in Kafka's sources `clients/src/main/resources/common/message`.
    static let folder: URL? = ProcessInfo.processInfo.environment[variable].map {
        let folder = URL(filePath: $0, directoryHint: .isDirectory)
        let clients = folder.appending(path: "clients", directoryHint: .isDirectory)
        return FileManager.default.fileExists(atPath: clients.path) ? clients : folder
    }

    init(of message: String, in folder: URL) throws {
        let text = try String(contentsOf: folder.appending(path: "\(message).json"), encoding: .utf8)
        let file = try JSONDecoder().decode(File.self, from: Data(Self.withoutComments(text).utf8))
        name = file.name
        key = file.apiKey
        validVersions = file.validVersions
        flexibleVersions = file.flexibleVersions
        fields = file.fields
        commonStructures = Dictionary(
            uniqueKeysWithValues: (file.commonStructs ?? []).map { ($0.name, $0.fields) })
    }

    private static func withoutComments(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> Substring in
            var isQuoted = false
            var previous: Character = " "
            for index in line.indices {
                let character = line[index]
                if character == "\"", previous != "\\" { isQuoted.toggle() }
                if !isQuoted, character == "/", previous == "/" {
                    return line[..<line.index(before: index)]
                }
                previous = character
            }
            return line
        }.joined(separator: "\n")
    }
}

// MARK: - Lines as the recorder writes them

extension KafkaSchema {
    func lines(version: Int16) throws -> [String] {
        try lines(of: fields, path: "", version: version)
    }

    private func lines(of fields: [Field], path: String, version: Int16) throws -> [String] {
        let fields = fields.filter { $0.versions.contains(version) }
        let tagged = fields.filter { $0.isTagged(in: version) }
            .sorted { ($0.tag ?? 0) < ($1.tag ?? 0) }
        var lines: [String] = []
        for field in fields where !field.isTagged(in: version) {
            lines += try self.lines(of: field, path: path, version: version)
        }
        for field in tagged {
            let tag = field.tag.map { "\($0)" } ?? "without number"
            lines.append("tag \(tag)")
            lines += try self.lines(of: field, path: path, version: version)
            lines.append("tag \(tag) ends")
        }
        return lines + ["structure ends"]
    }

    private func lines(of field: Field, path: String, version: Int16) throws -> [String] {
        let name = field.name.lowercased()
        let path = path.isEmpty ? name : "\(path).\(name)"
        let isNullable = field.nullableVersions?.contains(version) ?? false
        let nullable = isNullable ? " nullable" : ""
        if field.type.hasPrefix("[]") {
            let type = String(field.type.dropFirst(2))
            let value = field.default?.text == "null" ? "null" : "empty"
            var lines = ["\(path): array\(nullable) = \(value)"]
            if let fields = field.fields ?? commonStructures[type] {
                lines += try self.lines(of: fields, path: path, version: version)
            } else {
                lines.append("\(path): \(type) = \(try defaultValue(of: type, text: nil))")
            }
            return lines + ["array ends"]
        }
        if let fields = field.fields ?? commonStructures[field.type] {
            let value = field.default?.text == "null" ? "null" : "present"
            return (isNullable ? ["\(path): structure nullable = \(value)"] : [])
                + (try lines(of: fields, path: path, version: version))
        }
        let value = try defaultValue(of: field.type, text: field.default?.text)
        return ["\(path): \(field.type)\(nullable) = \(value)"]
    }

    private func defaultValue(of type: String, text: String?) throws -> String {
        switch type {
        case "int8", "int16", "int32", "int64", "uint16", "uint32":
            guard let text else { return "0" }
            let hex = text.hasPrefix("0x") ? Int64(text.dropFirst(2), radix: 16) : nil
            guard let value = hex ?? Int64(text) else { throw Unreadable(reason: "the default \(text)") }
            return "\(value)"
        case "bool": return text ?? "false"
        case "float64": return text ?? "0.0"
        case "string": return text == "null" ? "null" : "\"\(text ?? "")\""
        case "bytes": return text == "null" ? "null" : "empty"
        case "records": return text ?? "null"
        case "uuid": return text ?? "zero"
        default: throw Unreadable(reason: "the type \(type)")
        }
    }
}
