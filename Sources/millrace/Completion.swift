internal import ArgumentParser
internal import MillraceClient

// What a shell offers to complete. It asks the broker at the standard address, and offers nothing where none answers in
// time: whoever has pressed a key does not wait.

extension CompletionKind {
    static var topics: CompletionKind {
        .custom { _, _, _ async -> [String] in
            await ask { client in try await client.listTopics().map(\.name.string) }
        }
    }

    static var topicSettings: CompletionKind {
        .list(TopicConfig.Key.allCases.map(\.rawValue).sorted())
    }

    static func ask(_ body: (MillraceClient) async throws -> [String]) async -> [String] {
        do {
            let client = try await MillraceClient.connect(
                host: ClientOptions.standardHost, port: ClientOptions.standardPort,
                timeout: .milliseconds(500))
            let names = try await body(client)
            await client.close()
            return names
        } catch {
            return []
        }
    }
}
