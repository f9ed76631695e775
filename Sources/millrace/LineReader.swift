internal import Foundation

/// Takes lines off a file descriptor in large pieces. Every line is one record, the empty ones too;
/// a last line without its newline is one as well.
struct LineReader: ~Copyable {
    private let descriptor: Int32
    private let ownsDescriptor: Bool
    private var buffer: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    /// So many bytes from `start` on have no newline.
    private var searchedCount = 0
    private var isAtEnd = false
    /// Bytes read so far.
    private(set) var byteCount = 0
    /// Lines taken so far.
    private(set) var lineCount = 0

    /// `-` is standard input.
    init(path: String) throws {
        if path == "-" {
            descriptor = 0
            ownsDescriptor = false
        } else {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            ownsDescriptor = true
            guard descriptor >= 0 else {
                throw CommandError("\(path) cannot be read: \(String(cString: strerror(errno)))")
            }
        }
        buffer = .allocate(byteCount: 1 << 20, alignment: 64)
    }

    deinit {
        if ownsDescriptor { close(descriptor) }
        buffer.deallocate()
    }

    /// The size of a regular file; nil for a pipe.
    var size: Int? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG
        else { return nil }
        return Int(status.st_size)
    }

    /// The next line if it can be had without reading.
    mutating func nextWithoutReading() -> UnsafeRawBufferPointer? {
        guard end > start, let base = buffer.baseAddress else { return nil }
        let first = UnsafeRawPointer(base) + start
        guard let newline = memchr(first + searchedCount, 10, end - start - searchedCount) else {
            searchedCount = end - start
            return nil
        }
        let length = UnsafeRawPointer(newline) - first
        searchedCount = 0
        start += length + 1
        lineCount += 1
        return UnsafeRawBufferPointer(start: first, count: length)
    }

    /// The next line without its newline, valid until the next call; nil after the last.
    mutating func next() throws -> UnsafeRawBufferPointer? {
        while true {
            if let line = nextWithoutReading() { return line }
            if isAtEnd {
                guard end > start, let base = buffer.baseAddress else { return nil }
                defer { start = end }
                lineCount += 1
                return UnsafeRawBufferPointer(start: base + start, count: end - start)
            }
            try fill()
        }
    }

    private mutating func fill() throws {
        if start > 0 {
            memmove(buffer.baseAddress!, buffer.baseAddress! + start, end - start)
            end -= start
            start = 0
        }
        if end == buffer.count {
            // A line that is longer than all before it; the producer refuses it when it is longer
            // than a record may be.
            guard buffer.count < 256 << 20 else {
                throw CommandError("a line is longer than \(buffer.count) bytes")
            }
            let larger = UnsafeMutableRawBufferPointer.allocate(
                byteCount: buffer.count * 2, alignment: 64)
            larger.copyMemory(from: UnsafeRawBufferPointer(buffer))
            buffer.deallocate()
            buffer = larger
        }
        while true {
            let count = read(descriptor, buffer.baseAddress! + end, buffer.count - end)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw CommandError("the input cannot be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { isAtEnd = true }
            end += count
            byteCount += count
            return
        }
    }
}
