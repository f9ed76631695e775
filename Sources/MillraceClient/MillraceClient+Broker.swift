public import MillraceClientCore
internal import MillraceNativeProtocol

// The broker itself.

extension MillraceClient {
    /// Who the broker is, and its settings.
    public func describeBroker() async throws(ClientError) -> BrokerDescription {
        BrokerDescription(
            try await ask(.describeBroker, WireDescribeBrokerRequest(), WireBrokerDescription.self))
    }

    /// Changes settings of the broker, all or none; they survive its restart.
    /// - Parameter settings: by name; one that is nil goes back to its default.
    /// - Throws: `refused` with `invalidArgument` for a setting that cannot be changed, or not to that.
    @discardableResult
    public func alterBroker(
        _ settings: [String: String?]
    ) async throws(ClientError) -> BrokerDescription {
        var request = WireAlterBrokerRequest()
        request.changes = Self.changes(settings)
        return BrokerDescription(
            try await ask(.alterBroker, request, WireBrokerDescription.self))
    }

    /// Where the broker keeps its log, and what it takes, in bytes.
    public func describeLogDirectory() async throws(ClientError) -> LogDirectoryDescription {
        try LogDirectoryDescription(
            try await ask(
                .describeLogDirectory, WireDescribeLogDirectoryRequest(), WireLogDirectoryDescription.self))
    }

    /// Whether the broker takes calls: false while it stops.
    public func isServing() async throws(ClientError) -> Bool {
        try await ask(.health, WireHealthRequest(), WireHealthResponse.self).status == .serving
    }
}
