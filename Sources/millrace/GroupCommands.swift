internal import ArgumentParser
internal import MillraceClient

/// `millrace group`: lists, describes, moves and deletes consumer groups.
struct GroupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "group", abstract: "List, describe, move and delete consumer groups.",
        subcommands: [List.self, Describe.self, ResetOffsets.self, Delete.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the groups.")

        @Option(
            help: "Only groups in this state.",
            completion: .list(["Empty", "PreparingRebalance", "CompletingRebalance", "Stable"]))
        var state: [String] = []

        @OptionGroup var listing: ListingOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let broker = try await client.connect()
            let groups = try await broker.listGroups(states: state)
            try listing.print(groups.map(GroupListingDocument.init)) {
                groups.map { "\($0.group)\t\($0.state)" }.joined(separator: "\n")
            }
            await broker.close()
        }
    }

    struct Describe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say who is in a group, and how far it has come.")

        @Argument(completion: .groups) var group: String
        @OptionGroup var listing: ListingOptions
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let broker = try await client.connect()
            let group = try await broker.existingGroup(group)
            try listing.print(GroupDocument(group)) { Self.lines(group) }
            await broker.close()
        }

        private static func lines(_ group: GroupDescription) -> String {
            let assignor = group.assignor.isEmpty ? "" : " assignor=\(group.assignor)"
            let head = "group \(group.group) state=\(group.state)\(assignor) members=\(group.members.count)"
            let members = group.members.map { member in
                let instance = member.instanceID.map { " instance=\($0)" } ?? ""
                let partitions = member.partitions.sorted().map { " \($0)" }.joined()
                return """
                    member \(member.memberID)\(instance) client=\(member.clientID) \
                    host=\(member.clientHost) reads:\(partitions.isEmpty ? " nothing" : partitions)
                    """
            }
            let offsets = group.offsets.map { offset in
                let place = "\(offset.committed.topic)-\(offset.committed.partition)"
                let lag = offset.lag.map(String.init) ?? "unknown, the partition is gone"
                return "offset \(place) committed=\(offset.committed.offset) lag=\(lag)"
            }
            return ([head] + members + offsets).joined(separator: "\n")
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forget a group without members, and its offsets.")

        @Argument(completion: .groups) var group: String
        @OptionGroup var client: ClientOptions

        func run() async throws {
            let broker = try await client.connect()
            _ = try await broker.existingGroup(group)
            try await broker.deleteGroup(group)
            print("deleted group \(group)")
            await broker.close()
        }
    }
}

extension MillraceClient {
    /// A group that should exist, and the way out where it does not.
    func existingGroup(_ name: String) async throws -> GroupDescription {
        do throws(ClientError) {
            return try await describeGroup(name)
        } catch {
            guard case .refused(.notFound, let message, _) = error else { throw error }
            let meant = Suggestion.clause(for: name, among: try await listGroups().map(\.group))
            throw CommandError(message + (meant.isEmpty ? "; `millrace group list` names those there are" : meant))
        }
    }
}

extension CompletionKind {
    static var groups: CompletionKind {
        .custom { _, _, _ async -> [String] in
            await ask { client in try await client.listGroups().map(\.group) }
        }
    }
}
