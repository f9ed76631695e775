/// A field of record batches. The bytes are no part of the message: a decoded one says where in the message they lie,
/// and an encoded one leaves a gap, which whoever sends the message fills from where the batches are.
package struct RecordData: Hashable, Sendable {
    /// The batches' size in bytes; nil for null.
    package var count: Int?
    /// In a decoded message, where they begin.
    package var position = 0

    package init() {}

    package init(count: Int) { self.count = count }
}

/// Where the bytes of an encoded message are interrupted by record batches.
package struct RecordGap: Hashable, Sendable {
    /// How many of the encoded bytes come before.
    package let position: Int
    package let count: Int
}
