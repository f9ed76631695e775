internal import MillraceKafkaProtocol

/// What the Kafka listener serves; a client is told of nothing else.
enum KafkaSurface {
    /// Every version that Kafka 4.4 has, except where it is not whole without what Millrace does not have yet. Produce begins
    /// at 0 since librdkafka drops codecs without a word where it does not (KAFKA-18659); the versions below 3, whose
    /// messages Kafka 4 does not take either, are answered with UNSUPPORTED_VERSION.
    static let versions: [API: ClosedRange<Int16>] = [
        .produce: 0...13, .fetch: 4...18, .listOffsets: 1...11, .metadata: 0...13,
        .apiVersions: 0...4,
        .offsetForLeaderEpoch: 2...4,
    ]
}
