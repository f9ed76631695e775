internal import ArgumentParser
internal import MillraceClient
internal import MillraceShard

/// What every client command takes.
struct ClientOptions: ParsableArguments {
    @Option(help: "The broker's address, HOST:PORT.")
    var bootstrap: String = "\(Self.standardHost):\(Self.standardPort)"

    static let standardHost = "127.0.0.1"
    static let standardPort = 7070

    @Option(help: "Seconds to wait for the broker before giving up.")
    var timeout: Double = 10

    func connect() async throws -> MillraceClient {
        guard let address = SocketAddress(bootstrap), case .internet = address else {
            throw CommandError("--bootstrap \(bootstrap): use HOST:PORT")
        }
        guard timeout > 0, timeout <= 86_400 else {
            throw CommandError("--timeout \(timeout): use seconds, more than 0 and at most 86400")
        }
        return try await MillraceClient.connect(
            host: address.host, port: Int(address.port),
            timeout: .milliseconds(Int(timeout * 1000)))
    }
}

extension MillraceClient {
    /// A topic that should exist, and the way out where it does not.
    func existingTopic(
        _ name: String, otherwise wayOut: String = "`millrace topic list` names those there are"
    ) async throws -> TopicDescription {
        do throws(ClientError) {
            return try await describeTopic(name)
        } catch {
            guard case .refused(.notFound, let message, _) = error else { throw error }
            let names = try await listTopics().map(\.name.string)
            let meant = Suggestion.clause(for: name, among: names)
            throw CommandError(message + (meant.isEmpty ? "; \(wayOut)" : meant))
        }
    }
}
