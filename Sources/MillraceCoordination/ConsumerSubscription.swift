internal import MillraceBytes

/// What a consumer says when it joins (Kafka's `ConsumerProtocolSubscription`), as far as a
/// coordinator reads it.
enum ConsumerSubscription {
    static let protocolType = "consumer"

    /// The topics that the consumer wants; nil where the bytes are no subscription. Every version
    /// begins with a number and the topics, and says more after them.
    static func topics(of metadata: [UInt8]) -> Set<String>? {
        metadata.withUnsafeBytes { bytes in
            do throws(BytesError) {
                var reader = ByteReader(bytes)
                guard try reader.readInt16() >= 0 else { return nil }
                var topics = Set<String>()
                let count = try reader.readInt32()
                guard count >= 0 else { return nil }
                for _ in 0..<count { topics.insert(try reader.readShortString()) }
                return topics
            } catch {
                return nil
            }
        }
    }
}
