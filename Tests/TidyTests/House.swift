/// Which target may import which: the table of the architecture, where an import points down, never
/// up.
enum House {
    /// What a target may import of the house, and of other packages or the system.
    struct Room {
        let below: Set<String>
        let others: Set<String>
        let doesIO: Bool

        init(_ below: Set<String>, others: Set<String> = [], doesIO: Bool = true) {
            self.below = below
            self.others = others
            self.doesIO = doesIO
        }
    }

    private static let records: Set = ["MillraceBytes", "MillraceModel", "MillraceRecords"]
    private static let storage: Set = ["MillraceRing", "MillraceShard", "MillraceStorage"]
    private static let system: Set = ["Glibc", "Synchronization", "SystemPackage"]
    private static let engine = system.union(["DequeModule", "Logging"])

    static let rooms: [String: Room] = [
        "MillraceModel": Room([], doesIO: false),
        "MillraceBytes": Room(["CMillraceChecksum", "MillraceModel"], doesIO: false),
        "MillraceRecords": Room(
            records.union(["CLZ4", "CSnappy", "CZlib", "CZstd"]), doesIO: false),
        "MillraceRing": Room(["CMillraceRing"], others: system),
        "MillraceShard": Room(["MillraceModel", "MillraceRing"], others: system),
        "MillraceStorage": Room(records.union(["MillraceRing", "MillraceShard"]), others: engine),
        // It sees the log through a protocol of its own, never through the storage's types.
        "MillraceCoordination": Room(records.union(["MillraceShard"]), others: ["DequeModule"]),
        "Millrace": Room(
            records.union(storage).union(["MillraceCoordination"]).subtracting(["MillraceRing"]),
            others: engine),
        "MillraceNativeProtocol": Room(
            records, others: ["FoundationEssentials", "SwiftProtobuf"], doesIO: false),
        "MillraceKafkaProtocol": Room(records, doesIO: false),
        "MillraceClientCore": Room(
            records.union(["MillraceNativeProtocol"]), others: ["DequeModule", "SwiftProtobuf"],
            doesIO: false),
        // Client and broker share the protocols and what is under them, and nothing else.
        "MillraceClient": Room(
            records.union(["MillraceClientCore", "MillraceNativeProtocol"]),
            others: [
                "Foundation", "Logging", "Metrics", "NIOCore", "NIOPosix", "ServiceLifecycle", "SwiftProtobuf",
                "Synchronization", "SystemPackage",
            ]),
        "MillraceBroker": Room(
            records.union([
                "Millrace", "MillraceCoordination", "MillraceKafkaProtocol", "MillraceNativeProtocol",
                "MillraceShard", "MillraceStorage",
            ]),
            others: engine.union(["FoundationEssentials", "SwiftProtobuf"])),
        // The world that the house stands in when it is simulated: only the device's seam is known.
        "MillraceSimulation": Room(
            ["CMillraceSimulation", "MillraceModel", "MillraceRing", "MillraceShard"],
            others: engine),
        "millrace": Room(
            records.union(storage).union([
                "Millrace", "MillraceBroker", "MillraceClient", "MillraceCoordination",
            ]).subtracting(["MillraceRing"]),
            others: engine.union(["ArgumentParser", "Foundation", "ServiceLifecycle"])),
        "millrace-sim": Room(
            records.union([
                "Millrace", "MillraceBroker", "MillraceClientCore", "MillraceCoordination",
                "MillraceNativeProtocol", "MillraceShard", "MillraceSimulation", "MillraceStorage",
            ]),
            others: engine.union(["ArgumentParser", "SwiftProtobuf"])),
    ]

    /// Each C target has one importer, so that what C does is behind one Swift face.
    static let importerOfC = [
        "CMillraceChecksum": "MillraceBytes", "CMillraceRing": "MillraceRing",
        "CLZ4": "MillraceRecords", "CSnappy": "MillraceRecords", "CZlib": "MillraceRecords",
        "CZstd": "MillraceRecords", "CMillraceExecutorProbe": "MillraceBrokerTests",
        "CMillraceSimulation": "MillraceSimulation", "CLibFuzzer": "NativeProtocolFuzzer",
        "CMillraceAllocationProbe": "MillraceTests",
    ]

    static func findings(in file: SourceFile) -> [Finding] {
        guard file.isSwift, !file.isGenerated else { return [] }
        return imports(of: file).compactMap { line, access, module in
            let message =
                refusalOfC(module, access: access, path: file.path)
                ?? file.sourcesTarget.flatMap { refusal(of: module, in: $0) }
            return message.map { Finding(path: file.path, line: line, message: $0) }
        }
    }

    private static func refusalOfC(_ module: String, access: String, path: String) -> String? {
        guard let importer = importerOfC[module] else { return nil }
        guard path.split(separator: "/").dropLast().contains(Substring(importer)) else {
            return "only \(importer) imports \(module)"
        }
        let isTest = path.hasPrefix("Tests/")
        return isTest || access == "internal" ? nil : "write `internal import \(module)`"
    }

    private static func refusal(of module: String, in target: String) -> String? {
        guard let room = rooms[target] else { return "\(target) has no room in the house's table" }
        let isAllowed = room.below.contains(module) || room.others.contains(module)
        return isAllowed ? nil : "\(target) may not import \(module)"
    }

    /// Line number, access level and module of each import, also of the forms `import struct A.B`.
    static func imports(of file: SourceFile) -> [(line: Int, access: String, module: String)] {
        file.codeLines.enumerated().compactMap { index, line in
            var words = line.split(separator: " ").drop { $0.hasPrefix("@") }
            var access = ""
            if let first = words.first, first != "import" {
                access = String(first)
                words = words.dropFirst()
            }
            guard words.first == "import", words.count > 1, let last = words.last else { return nil }
            return (index + 1, access, String(last.prefix { $0 != "." }))
        }
    }
}
