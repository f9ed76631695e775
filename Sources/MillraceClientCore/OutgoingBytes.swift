/// What to write to the connection: `head`, then `attachment`. They are apart so that a transport
/// which can gather does not copy a record batch.
package struct OutgoingBytes: Hashable, Sendable {
    package let head: [UInt8]
    package let attachment: [UInt8]

    package var count: Int { head.count + attachment.count }
}
