/// A range of an `AlignedBuffer` together with a reference that keeps it alive.
package struct ByteSlice: Sendable {
    package let owner: AlignedBuffer
    package let offset: Int
    package let count: Int

    /// The range must lie in the buffer: it is our own number. For one from outside use
    /// `slice(offset:count:)`, which throws.
    package init(_ owner: AlignedBuffer, offset: Int, count: Int) {
        precondition(
            offset >= 0 && count >= 0 && offset <= owner.count && count <= owner.count - offset,
            "bytes \(offset) +\(count) are not within a buffer of \(owner.count)")
        self.owner = owner
        self.offset = offset
        self.count = count
    }

    package init(_ owner: AlignedBuffer) {
        self.init(owner, offset: 0, count: owner.count)
    }

    package init(copying bytes: UnsafeRawBufferPointer) {
        self.init(AlignedBuffer(copying: bytes))
    }

    /// The bytes, valid only while this slice or its owner is held. A local variable is not
    /// enough: the compiler may release one after its last use, so either store the slice or use
    /// `withBytes`.
    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: UnsafeRawPointer(owner.pointer) + offset, count: count)
    }

    /// Calls `body` with the bytes, which stay valid until it returns.
    package func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(owner) {} }
        return try body(bytes)
    }

    /// A part of this slice. The numbers may come from outside: they are checked.
    package func slice(offset: Int, count: Int) throws(BytesError) -> ByteSlice {
        guard count >= 0 else { throw .negativeCount(count, position: offset) }
        guard offset >= 0, offset <= self.count, count <= self.count - offset else {
            let remaining = max(self.count &- max(offset, 0), 0)
            throw .truncated(needed: count, remaining: remaining, position: offset)
        }
        return ByteSlice(owner, offset: self.offset + offset, count: count)
    }
}
