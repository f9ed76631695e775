/// Memory of fixed size that begins on a page, as O_DIRECT and registered buffers want it. It is
/// freed when the last reference goes. The bytes are not initialised.
///
/// Threading: sharing the reference is safe; who writes the bytes, and when, is for the owner to
/// order.
package final class AlignedBuffer: @unchecked Sendable {
    package static let alignment = 4096

    package let pointer: UnsafeMutableRawPointer
    package let count: Int

    /// `count` is our own number: one that came from outside is checked against a limit before.
    package init(count: Int) {
        precondition(count >= 0, "a buffer of \(count) bytes was asked for")
        self.count = count
        pointer = .allocate(byteCount: max(count, 1), alignment: Self.alignment)
    }

    /// A buffer that holds a copy of `bytes`.
    package convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(count: bytes.count)
        mutableBytes.copyMemory(from: bytes)
    }

    deinit { pointer.deallocate() }

    /// Valid while this object is referenced.
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: pointer, count: count)
    }

    /// Valid while this object is referenced.
    package var mutableBytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: pointer, count: count)
    }
}
