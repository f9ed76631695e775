/// Walks over record batches that lie one after another: a segment, or what a fetch returned.
///
/// It borrows the bytes. Each step checks the header and the length; the checksum only when asked
/// to.
package struct BatchSequence {
    package let bytes: UnsafeRawBufferPointer
    /// The most bytes one batch may have.
    package let limit: Int
    package let verifiesChecksums: Bool
    /// Where the next batch begins.
    package private(set) var position = 0

    package init(_ bytes: UnsafeRawBufferPointer, limit: Int, verifiesChecksums: Bool) {
        self.bytes = bytes
        self.limit = limit
        self.verifiesChecksums = verifiesChecksums
    }

    /// A batch and where it lies in the bytes walked over.
    package struct Element {
        package let header: RecordBatchHeader
        package let position: Int
        package let bytes: UnsafeRawBufferPointer
    }

    /// Bytes not walked over. After `next` has returned nil these are the beginning of a batch
    /// whose end is missing, as the last of a fetch may be, or none.
    package var remaining: Int { bytes.count - position }

    /// The next batch, or nil when no whole one is left. After an error the position is still that
    /// of the batch in question.
    package mutating func next() throws(RecordsError) -> Element? {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
        let header: RecordBatchHeader
        do throws(RecordsError) {
            header =
                if verifiesChecksums {
                    try RecordBatch.validate(rest, limit: limit)
                } else {
                    try RecordBatchHeader(parsing: rest)
                }
        } catch .truncated {
            return nil
        }
        let size = header.sizeInBytes
        guard size <= limit else { throw .batchTooLarge(bytes: size, limit: limit) }
        guard size <= rest.count else { return nil }
        defer { position += size }
        return Element(
            header: header, position: position,
            bytes: UnsafeRawBufferPointer(rebasing: rest[..<size]))
    }
}
