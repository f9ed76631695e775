import Foundation

/// What depends on what, as SwiftPM itself reads Package.swift.
struct PackageGraph {
    /// Everything that using something brings along.
    struct Closure: Equatable {
        /// Targets of this package.
        var targets: Set<String> = []
        /// Products of other packages.
        var products: Set<String> = []
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let products: [String: [String]]
    private let dependencies: [String: Closure]

    /// - Parameter json: what `swift package dump-package` prints.
    init(json: Data) throws {
        let manifest = try JSONDecoder().decode(Dump.self, from: json)
        products = Dictionary(uniqueKeysWithValues: manifest.products.map { ($0.name, $0.targets) })
        let names = Set(manifest.targets.map(\.name))
        dependencies = Dictionary(
            uniqueKeysWithValues: manifest.targets.map { target in
                // A name alone may also be that of another package's product.
                let named = target.dependencies.compactMap(\.name)
                return (
                    target.name,
                    Closure(
                        targets: Set(named.filter(names.contains)),
                        products: Set(named.filter { !names.contains($0) })
                            .union(target.dependencies.compactMap(\.product)))
                )
            })
    }

    /// The package that these tests belong to.
    static func ofRepository() throws -> PackageGraph { try of(Repository.root) }

    /// The package in a folder. A scratch folder of its own lets the question be asked while
    /// `swift test` holds the package's.
    static func of(_ package: URL) throws -> PackageGraph {
        let scratch = FileManager.default.temporaryDirectory.appending(path: "millrace-\(UUID())")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "swift", "package", "--package-path", package.path, "--scratch-path",
            scratch.path, "dump-package",
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let json = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(
                description: "swift package dump-package ended with \(process.terminationStatus)")
        }
        return try PackageGraph(json: json)
    }

    /// What `import` of a library product brings along, the library's own targets included.
    func closure(ofProduct product: String) throws -> Closure {
        guard let targets = products[product] else {
            throw Failure(description: "Package.swift has no product \(product)")
        }
        return try closure(of: targets)
    }

    func closure(of targets: [String]) throws -> Closure {
        var closure = Closure()
        var pending = targets
        while let target = pending.popLast() {
            guard closure.targets.insert(target).inserted else { continue }
            guard let direct = dependencies[target] else {
                throw Failure(description: "Package.swift has no target \(target)")
            }
            pending += direct.targets
            closure.products.formUnion(direct.products)
        }
        return closure
    }
}

/// The parts of `swift package dump-package` that are read here.
private struct Dump: Decodable {
    struct Product: Decodable {
        let name: String
        let targets: [String]
    }

    struct Target: Decodable {
        let name: String
        let dependencies: [Dependency]
    }

    /// `{"byName": [NAME, null]}`, `{"target": [NAME, null]}` or `{"product": [NAME, PACKAGE, ...]}`.
    struct Dependency: Decodable {
        let name: String?
        let product: String?

        private enum Key: String, CodingKey { case byName, target, product }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            func first(_ key: Key) throws -> String? {
                guard container.contains(key) else { return nil }
                var values = try container.nestedUnkeyedContainer(forKey: key)
                return try values.decode(String.self)
            }
            name = try first(.byName) ?? first(.target)
            product = try first(.product)
        }
    }

    let products: [Product]
    let targets: [Target]
}
