package import MillraceRing
package import SystemPackage

/// An open file of one shard. It closes itself when its last user lets go, so a segment that is
/// deleted stays readable for the reads that are under way.
///
/// All calls but `handle` are made on the shard that opened it.
package final class File: @unchecked Sendable {
    package let handle: Handle
    package let path: FilePath
    private let shard: Shard

    private init(handle: Handle, path: FilePath, shard: Shard) {
        self.handle = handle
        self.path = path
        self.shard = shard
    }

    deinit { shard.device.close(handle) }

    package static func open(
        _ path: FilePath, _ access: FileAccess, on shard: Shard
    ) async throws(Errno) -> File {
        let handle = try await checked { shard.device.open(path, access, $0) }
        return File(handle: Handle(rawValue: Int32(handle)), path: path, shard: shard)
    }

    /// Reads until the buffer is full or the file ends.
    /// - Returns: bytes read.
    package func read(
        into bytes: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) async throws(Errno) -> Int {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
            let count = try await checked {
                shard.device.read(handle, into: rest, at: offset &+ UInt64(done), $0)
            }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Writes all of the bytes; `durable` returns when they are on stable storage.
    package func write(
        _ bytes: UnsafeRawBufferPointer, at offset: UInt64, durable: Bool = false
    ) async throws(Errno) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = try await checked {
                shard.device.write(
                    handle, rest, at: offset &+ UInt64(done), durable: durable, $0)
            }
            // A file that takes nothing more is full, whatever it calls that.
            if count == 0 { throw .noSpace }
            done += count
        }
    }

    /// Writes from a registered buffer in one piece.
    package func write(
        registered buffer: Int, _ bytes: UnsafeRawBufferPointer, at offset: UInt64
    ) async throws(Errno) {
        let count = try await checked {
            shard.device.write(
                handle, registered: buffer, bytes, at: offset, durable: true, $0)
        }
        // What is not aligned cannot be continued past the page cache, so a short write is a failed
        // one.
        if count != bytes.count { throw .ioError }
    }

    /// Writes the slices one after another; they stay alive until it returns.
    package func write(
        slices: UnsafeBufferPointer<IOSlice>, at offset: UInt64, durable: Bool
    ) async throws(Errno) {
        let wanted = slices.reduce(0) { $0 + $1.count }
        let count = try await checked {
            shard.device.write(handle, slices: slices, at: offset, durable: durable, $0)
        }
        if count != wanted { throw .ioError }
    }

    /// Writes into the page cache before it returns.
    package func writeNow(
        slices: UnsafeBufferPointer<IOSlice>, at offset: UInt64
    ) throws(Errno) {
        let wanted = slices.reduce(0) { $0 + $1.count }
        let count = shard.device.writeNow(handle, slices: slices, at: offset)
        if count < 0 { throw Errno(rawValue: Int32(clamping: -count)) }
        if count != wanted { throw .ioError }
    }

    /// Returns when everything written before is on stable storage.
    package func synchronize(dataOnly: Bool = true) async throws(Errno) {
        _ = try await checked { shard.device.synchronize(handle, dataOnly: dataOnly, $0) }
    }

    /// Reserves space on the disk without changing the file's size.
    package func reserve(at offset: UInt64, count: UInt64) async throws(Errno) {
        _ = try await checked { shard.device.reserve(handle, at: offset, count: count, $0) }
    }

    package func startWriteback(at offset: UInt64, count: UInt64) {
        shard.device.startWriteback(handle, at: offset, count: count)
    }

    package func lock() throws(Errno) { try shard.device.lock(handle) }

    package func size() throws(Errno) -> UInt64 { try shard.device.size(handle) }

    package func truncate(to size: UInt64) throws(Errno) {
        try shard.device.truncate(handle, to: size)
    }
}

/// The file system, as a shard reaches it.
extension Shard {
    package func rename(_ from: FilePath, to: FilePath) async throws(Errno) {
        _ = try await checked { device.rename(from, to: to, $0) }
    }

    package func remove(_ path: FilePath, directory: Bool = false) async throws(Errno) {
        _ = try await checked { device.remove(path, directory: directory, $0) }
    }

    /// Makes the directory's entries durable: a file that was made or renamed in it then survives
    /// power loss.
    package func synchronize(directory: FilePath) async throws(Errno) {
        let file = try await File.open(directory, .directory, on: self)
        try await file.synchronize(dataOnly: false)
    }
}

/// Waits for one operation and turns a negated errno into an error.
func checked(_ submit: (Completion) -> Void) async throws(Errno) -> Int {
    while true {
        let result = await withUnsafeContinuation { (completion: Completion) in submit(completion) }
        if result >= 0 { return Int(result) }
        // Interrupted before it began: the same request again, as every caller would.
        if result != -Errno.interrupted.rawValue { throw Errno(rawValue: -result) }
    }
}
