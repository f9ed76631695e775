internal import MillraceBytes
internal import MillraceShard
internal import SystemPackage

/// A small text file with a title, a version and a CRC-32C, replaced as a whole.
enum LineFile {
    /// Writes it beside its place, synchronises it, and renames it there: a crash leaves the old or
    /// the new.
    static func write(
        _ title: String, _ version: Int, _ lines: [String], to path: FilePath, on shard: Shard
    ) async throws(StorageError) {
        var text = "\(title) \(version)\n"
        for line in lines { text += line + "\n" }
        let crc = Array(text.utf8).withUnsafeBytes { CRC32C.checksum($0) }
        text += "crc32c \(String(crc, radix: 16))\n"
        let contents = Array(text.utf8).withUnsafeBytes { ByteSlice(copying: $0) }
        do throws(StorageError) {
            try await replace(path, contents, on: shard)
        } catch {
            // What frees space on a full disk has to be written down first: the ballast is kept for
            // that.
            guard error.isFullDisk, await Ballast.drop(near: path, on: shard) else { throw error }
            try await replace(path, contents, on: shard)
        }
    }

    private static func replace(
        _ path: FilePath, _ contents: ByteSlice, on shard: Shard
    ) async throws(StorageError) {
        let beside = FilePath("\(path).new")
        try await io("writing", path) { () throws(Errno) in
            let file = try await File.open(beside, .create, on: shard)
            try file.truncate(to: 0)
            try await file.write(contents.bytes, at: 0)
            withExtendedLifetime(contents) {}
            try await file.synchronize()
            try await shard.rename(beside, to: path)
            try await shard.synchronize(directory: path.removingLastComponent())
        }
    }

    static func exists(_ path: FilePath, on shard: Shard) async throws(StorageError) -> Bool {
        let directory = path.removingLastComponent()
        let names = try await io("listing", directory) { () throws(Errno) in
            try shard.device.list(directory)
        }
        return names.contains(path.lastComponent?.string ?? "")
    }

    /// The lines between the title and the CRC.
    static func read(
        _ title: String, _ version: Int, _ path: FilePath, on shard: Shard
    ) async throws(StorageError) -> [Substring] {
        let (buffer, count) = try await io("reading", path) { () throws(Errno) in
            let file = try await File.open(path, .read, on: shard)
            let size = Int(min(try file.size(), 1 << 30))
            let buffer = AlignedBuffer(count: max(1, size))
            let target = UnsafeMutableRawBufferPointer(start: buffer.pointer, count: size)
            return (buffer, try await file.read(into: target, at: 0))
        }
        let text = String(decoding: buffer.bytes[..<count], as: UTF8.self)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 3, lines.removeLast().isEmpty, let last = lines.popLast() else {
            throw .damagedFile(path, reason: "it is cut short")
        }
        let first = lines.removeFirst().split(separator: " ")
        guard first.count == 2, first[0] == title, let found = Int(first[1]) else {
            throw .damagedFile(path, reason: "it does not begin with '\(title)'")
        }
        guard found <= version else {
            throw .newerFormat(path, found: found, known: version)
        }
        let covered = text.utf8.count - last.utf8.count - 1
        let crc = CRC32C.checksum(
            UnsafeRawBufferPointer(start: buffer.pointer, count: max(0, min(covered, count))))
        guard last == "crc32c \(String(crc, radix: 16))" else {
            throw .damagedFile(path, reason: "its CRC-32C does not match")
        }
        return lines
    }
}

/// Space that is given up when the disk is full, so that a topic can be deleted and a log trimmed
/// all the same. It is taken again at the next start.
enum Ballast {
    private static let bytes: UInt64 = 1 << 20
    private static let name = ".ballast"

    static func take(in data: FilePath, on shard: Shard) async {
        guard let file = try? await File.open(data.appending(name), .create, on: shard) else { return }
        try? await file.reserve(at: 0, count: bytes)
    }

    /// Whether there was any. Files that are replaced lie in the data directory or one below it.
    static func drop(near path: FilePath, on shard: Shard) async -> Bool {
        let directory = path.removingLastComponent()
        for data in [directory, directory.removingLastComponent()] {
            if (try? await shard.remove(data.appending(name))) != nil { return true }
        }
        return false
    }
}
