import Foundation

/// The checkout these tests lie in.
enum Repository {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static let folders = [
        ".ci", "Benchmarks", "CSources", "Examples", "Scripts", "Sources", "Tests",
    ]
    private static let suffixes = ["c", "h", "md", "proto", "py", "sh", "supp", "swift", ""]

    /// Every text file that is ours. Folders whose names begin with a dot hold what was built.
    static let files: [SourceFile] = {
        var paths = ["Package.swift", "README.md"]
        for folder in folders {
            let names = FileManager.default.enumerator(atPath: root.appending(path: folder).path)
            for case let name as String in names ?? .init() {
                let parts = name.split(separator: "/")
                guard !parts.contains(where: { $0.hasPrefix(".") }), let last = parts.last else {
                    continue
                }
                guard suffixes.contains((String(last) as NSString).pathExtension) else { continue }
                paths.append("\(folder)/\(name)")
            }
        }
        return paths.sorted().compactMap { path in
            guard let data = FileManager.default.contents(atPath: root.appending(path: path).path)
            else { return nil }
            return String(data: data, encoding: .utf8).map { SourceFile(path: path, text: $0) }
        }
    }()

    static var code: [SourceFile] { files.filter { ($0.isSwift || $0.isC) && !$0.isGenerated } }

    static func file(_ path: String) -> SourceFile? { files.first { $0.path == path } }

    static func folders(in folder: String) -> [String] {
        let place = root.appending(path: folder)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
        return names.sorted().filter { name in
            var isDirectory = ObjCBool(false)
            let path = place.appending(path: name).path
            return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
                && isDirectory.boolValue
        }
    }
}
