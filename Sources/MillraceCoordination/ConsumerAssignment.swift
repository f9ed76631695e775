internal import MillraceBytes

/// What a leader gives a consumer: Kafka's `ConsumerProtocolAssignment`, whose versions 0 to 3 are
/// all of one form.
///
///     int16 version | int32 count, each a short string and an array of int32 | user data
package struct ConsumerAssignment: Hashable, Sendable {
    package var topics: [TopicShare]
    package var userData: [UInt8]?

    package init(topics: [TopicShare] = [], userData: [UInt8]? = nil) {
        self.topics = topics
        self.userData = userData
    }

    /// Reads an assignment; nil where the bytes are none. A member that gets nothing may be sent no
    /// bytes at all.
    package init?(_ bytes: [UInt8]) {
        self.init()
        guard !bytes.isEmpty else { return }
        let read = bytes.read { (reader) throws(BytesError) in
            let version = try reader.readInt16()
            guard version >= 0 else { throw .negativeCount(Int(version), position: 0) }
            return Self(
                topics: try reader.readShares(), userData: try reader.readNullableLongBytes())
        }
        guard let read else { return nil }
        self = read
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        // The lowest, since it says all there is and every consumer reads it.
        writer.writeInt16(0)
        writer.writeShares(topics)
        writer.writeNullableLongBytes(userData)
        return writer.take()
    }
}

/// What a consumer had before, as Kafka's sticky assignor puts it into the user data of a
/// subscription: an array of shares and, from version 1 on, the generation. The version is not said:
/// what ends after the shares is version 0.
package struct StickyUserData: Hashable, Sendable {
    package var owned: [TopicShare]
    /// -1 where it is not said.
    package var generation: Int32

    package init(owned: [TopicShare], generation: Int32) {
        self.owned = owned
        self.generation = generation
    }

    /// Reads user data; nil where the bytes are none.
    package init?(_ bytes: [UInt8]) {
        let read = bytes.read { (reader) throws(BytesError) in
            let owned = try reader.readShares()
            let generation = reader.isAtEnd ? -1 : try reader.readInt32()
            return Self(owned: owned, generation: generation)
        }
        guard let read else { return nil }
        self = read
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeShares(owned)
        writer.writeInt32(generation)
        return writer.take()
    }
}
