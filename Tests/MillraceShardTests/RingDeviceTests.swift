import Glibc
import MillraceModel
import MillraceShard
import SystemPackage
import Testing

/// What only the real device shows: threads, the page cache, sockets.
@Suite struct RingDeviceTests {
    @Test func writesAndReadsBackOnAShard() async throws {
        try await withShard { shard, directory in
            let file = try await File.open(directory.appending("a"), .create, on: shard)
            let bytes = Array(0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: 200_001, alignment: 8)
            defer { copy.deallocate() }
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 200_000, alignment: 8)
            defer { memory.deallocate() }
            memory.copyBytes(from: bytes)
            try await file.reserve(at: 0, count: 1 << 20)
            try await file.write(UnsafeRawBufferPointer(memory), at: 0)
            try await file.synchronize()
            #expect(try file.size() == 200_000)
            #expect(try await file.read(into: copy, at: 0) == 200_000)
            #expect(Array(copy.prefix(200_000)) == bytes)
            try await shard.synchronize(directory: directory)
            try await shard.rename(directory.appending("a"), to: directory.appending("b"))
            #expect(try shard.device.list(directory) == ["b"])
            try await shard.remove(directory.appending("b"))
            #expect(try shard.device.list(directory) == [])
        }
    }

    @Test func missingFilesAreErrnos() async throws {
        try await withShard { shard, directory in
            await #expect(throws: Errno.noSuchFileOrDirectory) {
                _ = try await File.open(directory.appending("none"), .read, on: shard)
            }
        }
    }

    @Test func sendsFilesToSockets() async throws {
        try await withShard { shard, directory in
            let file = try await File.open(directory.appending("f"), .create, on: shard)
            let memory = UnsafeMutableRawBufferPointer.allocate(
                byteCount: 3 << 20, alignment: 8)
            defer { memory.deallocate() }
            for index in memory.indices { memory[index] = UInt8(truncatingIfNeeded: index / 7) }
            try await file.write(UnsafeRawBufferPointer(memory), at: 0)

            let listener = try Listener(
                on: SocketAddress(host: "127.0.0.1", port: 0), shard: shard)
            let done = Signal(on: shard)
            let box = Box()
            shard.spawn { [done = Confined(done), listener] in
                guard let socket = try? await listener.accept() else { return }
                try? await socket.sendFile(file, at: 5, count: (3 << 20) - 5)
                // The same through the kernel's workers, as if it came from a disk.
                var sent = 0
                while sent < 1 << 20 {
                    sent +=
                        (try? await shard.device.sendFile(
                            socket.handle, file.handle, at: UInt64(sent),
                            count: (1 << 20) - sent)) ?? 1 << 20
                }
                socket.shutdown()
                box.isDone = true
                done.value.notifyAll()
            }
            let socket = try await Socket.connect(to: listener.address, on: shard)
            var received: [UInt8] = []
            let part = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 8)
            defer { part.deallocate() }
            while true {
                let count = try await socket.receive(into: part)
                if count == 0 { break }
                received += part.prefix(count)
            }
            #expect(received.count == (3 << 20) - 5 + (1 << 20))
            #expect(received == Array(memory.dropFirst(5)) + Array(memory.prefix(1 << 20)))
            while !box.isDone { try await done.wait(after: done.notices) }
        }
    }

    /// A file sent to a peer that has gone raises SIGPIPE where that is not blocked, and the process is over.
    @Test func aPeerThatHasGoneIsAnError() async throws {
        try await withShard { shard, directory in
            let file = try await File.open(directory.appending("f"), .create, on: shard)
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 8)
            defer { memory.deallocate() }
            memory.initializeMemory(as: UInt8.self, repeating: 7)
            try await file.write(UnsafeRawBufferPointer(memory), at: 0)
            let listener = try Listener(
                on: SocketAddress(host: "127.0.0.1", port: 0), shard: shard)
            for throughWorkers in [false, true] {
                let peer = try await Socket.connect(to: listener.address, on: shard)
                let socket = try await listener.accept()
                peer.shutdown()
                socket.shutdown()
                await #expect(throws: Errno.brokenPipe) {
                    if throughWorkers {
                        _ = try await shard.device.sendFile(
                            socket.handle, file.handle, at: 0, count: 1 << 20)
                    } else {
                        try await socket.sendFile(file, at: 0, count: 1 << 20)
                    }
                }
            }
        }
    }

    @Test func anAcceptIsStopped() async throws {
        try await withShard { shard, _ in
            let listener = try Listener(
                on: SocketAddress(host: "127.0.0.1", port: 0), shard: shard)
            shard.spawn {
                try? await shard.sleep(for: .milliseconds(5))
                listener.stop()
            }
            await #expect(throws: Errno.canceled) { _ = try await listener.accept() }
        }
    }

    @Test func shardsCallEachOther() async throws {
        let other = try ShardThread.start(index: 1, processor: nil)
        defer { other.stopAndJoin() }
        let counter = Counter(other.shard)
        try await withShard { shard, _ in
            for expected in 1...1000 { #expect(await counter.increment() == expected) }
        }
    }

    @Test func sleepsEndInOrderAndWithTheShard() async throws {
        let box = Box()
        try await withShard { shard, _ in
            let start = shard.now
            try await shard.sleep(for: .milliseconds(10))
            #expect(start.duration(to: shard.now) >= .milliseconds(10))
            shard.spawn {
                await #expect(throws: Errno.canceled) {
                    try await shard.sleep(for: .seconds(3600))
                }
                box.isDone = true
            }
        }
        #expect(box.isDone)
    }
}

actor Counter {
    let shard: Shard
    var count = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor { shard.asUnownedSerialExecutor() }

    init(_ shard: Shard) { self.shard = shard }

    func increment() -> Int {
        #expect(shard.isCurrent)
        count += 1
        return count
    }
}

/// Shared by tasks of one shard, and read by the test when that shard has ended.
final class Box: @unchecked Sendable {
    var isDone = false
}

/// Carries a value of one shard into a task of the same shard.
struct Confined<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}

/// Runs the body as a task of a fresh shard with a directory of its own, and ends both.
func withShard(
    _ body: @escaping @Sendable (Shard, FilePath) async throws -> Void
) async throws {
    let directory = try temporaryDirectory()
    let thread = try ShardThread.start(index: 0, processor: nil)
    let result = await withCheckedContinuation { continuation in
        thread.shard.spawn {
            do {
                try await body(thread.shard, directory)
                continuation.resume(returning: Result<Void, any Error>.success(()))
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
    }
    thread.stopAndJoin()
    try result.get()
}

func temporaryDirectory() throws -> FilePath {
    var template = Array("/tmp/millrace-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
    return FilePath(String(decoding: template.dropLast().map { UInt8($0) }, as: UTF8.self))
}
