import Foundation
import Testing

/// What an embedder and a client's user get to build and to link beside what they asked for.
@Suite struct PackageGraphTests {
    @Test func dependenciesAreFollowed() throws {
        let graph = try PackageGraph(
            json: Data(
                """
                {"products": [{"name": "A", "targets": ["A"]}, {"name": "D", "targets": ["D"]}],
                 "targets": [
                    {"name": "A", "dependencies": [
                        {"byName": ["B", null]}, {"product": ["Log", "swift-log", null, null]}]},
                    {"name": "B", "dependencies": [{"target": ["C", null]}, {"byName": ["NIO", null]}]},
                    {"name": "C", "dependencies": []},
                    {"name": "D", "dependencies": [{"byName": ["C", null]}]}]}
                """.utf8))
        #expect(
            try graph.closure(ofProduct: "A")
                == PackageGraph.Closure(targets: ["A", "B", "C"], products: ["Log", "NIO"]))
        #expect(
            try graph.closure(ofProduct: "D")
                == PackageGraph.Closure(targets: ["C", "D"], products: []))
        #expect(throws: PackageGraph.Failure.self) { try graph.closure(ofProduct: "B") }
    }

    /// The engine needs neither a network library nor protobuf, and drags in nothing large.
    @Test func theEngineBringsLittleAlong() throws {
        let closure = try PackageGraph.ofRepository().closure(ofProduct: "Millrace")
        #expect(closure.products.subtracting(["DequeModule", "Logging", "SystemPackage"]) == [])
        let doors: Set = [
            "MillraceBroker", "MillraceClient", "MillraceClientCore", "MillraceKafkaProtocol",
            "MillraceNativeProtocol", "MillraceSimulation",
        ]
        #expect(closure.targets.intersection(doors) == [])
        #expect(closure.targets.isSuperset(of: ["MillraceRing", "MillraceStorage"]))
        #expect(Self.imports(of: closure.targets).intersection(Self.heavy) == [])
    }

    /// The client runs where there is no io_uring: nothing of the engine is linked into it.
    @Test func theClientBringsNoRing() throws {
        let closure = try PackageGraph.ofRepository().closure(ofProduct: "MillraceClient")
        #expect(!Self.usersOfURing.isEmpty)
        #expect(closure.targets.intersection(Self.usersOfURing) == [])
        let engine: Set = [
            "Millrace", "MillraceBroker", "MillraceCoordination", "MillraceRing", "MillraceShard",
            "MillraceStorage",
        ]
        #expect(closure.targets.intersection(engine) == [])
        #expect(Self.imports(of: closure.targets).intersection(engine) == [])
        #expect(closure.targets.contains("MillraceClientCore"))
    }

    private static let heavy: Set = [
        "Foundation", "FoundationEssentials", "NIOCore", "NIOPosix", "SwiftProtobuf",
    ]

    /// The C targets that include or link liburing.
    private static let usersOfURing = Set(
        Repository.root.appending(path: "CSources").foldersWithText {
            $0.contains("#include <liburing") || $0.contains("link \"uring\"")
        })

    /// What the targets' files import, whatever Package.swift says: a module that somebody else had
    /// built would be found.
    private static func imports(of targets: Set<String>) -> Set<String> {
        let files = Repository.code.filter { $0.isSwift && targets.contains($0.sourcesTarget ?? "") }
        return Set(files.flatMap { House.imports(of: $0).map(\.module) })
    }
}

extension URL {
    /// The folders right under this one that have a file whose text the condition holds for.
    fileprivate func foldersWithText(where condition: (String) -> Bool) -> [String] {
        let names = FileManager.default.enumerator(atPath: path)
        var found: [String] = []
        for case let name as String in names ?? .init() {
            guard let folder = name.split(separator: "/").first, name.contains("/"),
                let data = FileManager.default.contents(atPath: appending(path: name).path),
                let text = String(data: data, encoding: .utf8), condition(text)
            else { continue }
            found.append(String(folder))
        }
        return found
    }
}
