internal import MillraceModel
internal import MillraceShard
internal import SystemPackage

/// Settings of the broker that were made while it ran, by name: for this broker, and for every
/// broker of the cluster, which is weaker.
///
///     millrace-broker-config 1
///     broker log.retention.ms=3600000
///     default message.max.bytes=2097152
///     crc32c 9ae0daaf
package struct BrokerConfig: Hashable, Sendable {
    package var broker: [String: String] = [:]
    package var clusterDefault: [String: String] = [:]

    package init() {}

    private static let title = "millrace-broker-config"
    private static let version = 1

    /// The names and values that can be written down: a line each.
    func check() throws(TopicConfigError) {
        for (name, value) in broker.merging(clusterDefault, uniquingKeysWith: { first, _ in first }) {
            let isName = !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x3d && $0 != 0x7f }
            guard isName else {
                throw TopicConfigError(
                    name: name, value: value, reason: "a name has no blanks and no '='")
            }
            guard value.utf8.allSatisfy({ $0 != 0x0a && $0 != 0x0d }) else {
                throw TopicConfigError(
                    name: name, value: value, reason: "a value has no line breaks")
            }
        }
    }

    /// What these settings make of the defaults for topics that the broker was started with.
    func defaults(over started: TopicDefaults) throws(TopicConfigError) -> TopicDefaults {
        var defaults = started
        for settings in [clusterDefault, broker] {
            for (name, value) in settings.sorted(by: { $0.key < $1.key })
            where TopicDefaults.Key(rawValue: name) != nil {
                try defaults.set(name, to: value)
            }
        }
        return defaults
    }

    func write(to path: FilePath, on shard: Shard) async throws(StorageError) {
        var lines: [String] = []
        for (scope, settings) in [("broker", broker), ("default", clusterDefault)] {
            lines += settings.sorted { $0.key < $1.key }.map { "\(scope) \($0.key)=\($0.value)" }
        }
        try await LineFile.write(Self.title, Self.version, lines, to: path, on: shard)
    }

    /// What the file holds; nothing where there is no file.
    static func read(_ path: FilePath, on shard: Shard) async throws(StorageError) -> BrokerConfig {
        var config = BrokerConfig()
        guard try await LineFile.exists(path, on: shard) else { return config }
        for line in try await LineFile.read(title, version, path, on: shard) {
            let parts = line.split(separator: " ", maxSplits: 1)
            let setting =
                parts.count == 2
                ? parts[1].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false) : []
            guard setting.count == 2 else {
                throw .damagedFile(path, reason: "it has the line '\(line)'")
            }
            let (name, value) = (String(setting[0]), String(setting[1]))
            switch parts[0] {
            case "broker": config.broker[name] = value
            case "default": config.clusterDefault[name] = value
            default: throw .damagedFile(path, reason: "it has the line '\(line)'")
            }
        }
        return config
    }
}
