internal import Foundation
internal import MillraceBroker
internal import MillraceCoordination
internal import MillraceModel
internal import MillraceShard

/// What `millrace serve` takes from a Kafka-style properties file. A flag on the command line wins
/// over it.
struct ServerProperties: Equatable {
    var dataDirectory: String?
    var listen: String?
    var kafka: String?
    var shardCount: Int?
    var durability: Durability?
    var partitionCount: Int32?
    var offsetsPartitionCount: Int32?
    var transactionStatePartitionCount: Int32?
    var journalFileBytes: Int?
    var journalFileCountMax: Int?
    var retentionInterval: Duration?
    var producerExpiration: Duration?
    var cleanerInterval: Duration?
    var cleanerBufferBytes: Int?
    var cleanerBytesPerSecond: Int?
    var broker = BrokerOptions()
    var topicDefaults = TopicDefaults()
    var groups = GroupOptions()
    var transactions = TransactionOptions()
    /// Settings that this broker does not have, as written.
    var unknown: [String] = []

    init() {}

    /// - Throws: `CommandError` naming the file, the line, the setting and what it takes.
    init(file path: String) throws {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw CommandError("the config file \(path) cannot be read")
        }
        try self.init(text: text, file: path)
    }

    init(text: String, file: String) throws {
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let line = line.trimmingCharacters(in: .whitespaces)
            guard !line.isEmpty, !line.hasPrefix("#"), !line.hasPrefix("!") else { continue }
            guard let equals = line.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
                throw CommandError("\(file), line \(number + 1): '\(line)' is no KEY=VALUE")
            }
            let key = line[..<equals].trimmingCharacters(in: .whitespaces)
            let value = line[line.index(after: equals)...].trimmingCharacters(in: .whitespaces)
            do {
                try set(key, value)
            } catch let error as CommandError {
                throw CommandError("\(file), line \(number + 1): \(key)=\(value): \(error)")
            }
        }
    }

    private mutating func set(_ key: String, _ value: String) throws {
        switch key {
        case "log.dirs", "log.dir":
            guard !value.isEmpty, !value.contains(",") else {
                throw CommandError("use one directory")
            }
            dataDirectory = value
        case "listeners": try setListeners(value)
        case "num.partitions": partitionCount = Int32(try number(value, 1...10_000))
        case "offsets.topic.num.partitions":
            offsetsPartitionCount = Int32(try number(value, 1...10_000))
        case "transaction.state.log.num.partitions":
            transactionStatePartitionCount = Int32(try number(value, 1...10_000))
        case "transaction.max.timeout.ms":
            transactions.timeoutMax = .milliseconds(try number(value, 1...Int(Int32.max)))
        case "transactional.id.expiration.ms":
            transactions.idExpiration = .milliseconds(try number(value, 1...Int(Int32.max)))
        case "log.retention.check.interval.ms":
            retentionInterval = .milliseconds(try number(value, 1...Int(Int32.max)))
        case "producer.id.expiration.ms":
            producerExpiration = .milliseconds(try number(value, 1...Int(Int32.max)))
        case "millrace.shards": shardCount = try number(value, 1...256)
        case "millrace.durability":
            guard let durability = Durability(rawValue: value) else {
                throw CommandError("use durable or relaxed")
            }
            self.durability = durability
        case "millrace.journal.file.bytes":
            journalFileBytes = try number(value, (2 << 20)...(1 << 30))
        case "millrace.journal.files.max": journalFileCountMax = try number(value, 2...1024)
        default:
            if try setBroker(key, value) || setGroups(key, value) || setCleaner(key, value) { return }
            guard TopicDefaults.Key(rawValue: key) != nil else { return unknown.append(key) }
            do {
                try topicDefaults.set(key, to: value)
            } catch {
                throw CommandError(error.reason)
            }
        }
    }

    private mutating func setBroker(_ key: String, _ value: String) throws -> Bool {
        switch key {
        case "node.id", "broker.id": broker.nodeID = Int32(try number(value, 0...Int(Int32.max)))
        case "advertised.listeners":
            let parts = value.components(separatedBy: "://")
            guard let address = SocketAddress(parts[parts.count - 1]) else {
                throw CommandError("use NAME://HOST:PORT")
            }
            broker.advertised = address
        case "auto.create.topics.enable":
            guard let isOn = Bool(value) else { throw CommandError("use true or false") }
            broker.createsTopics = isOn
        case "socket.request.max.bytes":
            broker.requestBytesMax = try number(value, 1024...(1 << 30))
        case "queued.max.request.bytes":
            broker.queuedBytesMax = try number(value, (1 << 20)...(1 << 40))
        case "max.connections": broker.connectionsMax = try number(value, 1...1_000_000)
        case "connections.max.idle.ms":
            broker.idleTimeMax = .milliseconds(try number(value, 100...Int(Int32.max)))
        default: return false
        }
        return true
    }

    private mutating func setGroups(_ key: String, _ value: String) throws -> Bool {
        let milliseconds = 0...Int(Int32.max)
        switch key {
        case "group.min.session.timeout.ms":
            let least = Duration.milliseconds(try number(value, milliseconds))
            groups.sessionTimeouts = least...max(least, groups.sessionTimeouts.upperBound)
        case "group.max.session.timeout.ms":
            let most = Duration.milliseconds(try number(value, milliseconds))
            groups.sessionTimeouts = min(most, groups.sessionTimeouts.lowerBound)...most
        case "group.initial.rebalance.delay.ms":
            groups.initialRebalanceDelay = .milliseconds(try number(value, milliseconds))
        case "group.max.size": groups.memberCountMax = try number(value, 1...Int(Int32.max))
        case "offset.metadata.max.bytes":
            groups.offsetMetadataBytesMax = try number(value, 0...Int(Int16.max))
        case "offsets.retention.minutes":
            groups.offsetsRetention = .seconds(60 * (try number(value, 1...Int(Int32.max))))
        case "offsets.retention.check.interval.ms":
            groups.offsetsRetentionInterval = .milliseconds(try number(value, 1...Int(Int32.max)))
        default: return false
        }
        return true
    }

    private mutating func setCleaner(_ key: String, _ value: String) throws -> Bool {
        switch key {
        case "log.cleaner.backoff.ms":
            cleanerInterval = .milliseconds(try number(value, 1...Int(Int32.max)))
        case "log.cleaner.dedupe.buffer.size":
            cleanerBufferBytes = try number(value, (1 << 20)...(1 << 40))
        case "log.cleaner.io.max.bytes.per.second":
            // Kafka's default is the largest number that there is.
            guard let number = Double(value), number >= 1024 else {
                throw CommandError("use a number from 1024 on")
            }
            cleanerBytesPerSecond = Int(min(number, Double(1 << 50)))
        default: return false
        }
        return true
    }

    /// `MILLRACE://HOST:PORT` or `MILLRACE://unix:PATH` is the native listener, any other name Kafka's.
    private mutating func setListeners(_ value: String) throws {
        for listener in value.split(separator: ",") {
            let parts = listener.trimmingCharacters(in: .whitespaces).components(separatedBy: "://")
            guard parts.count == 2 else {
                throw CommandError("use NAME://HOST:PORT, the native one named MILLRACE")
            }
            let address = parts[1].hasPrefix(":") ? "0.0.0.0" + parts[1] : parts[1]
            if parts[0] == "MILLRACE" { listen = address } else { kafka = address }
        }
    }

    private func number(_ value: String, _ range: ClosedRange<Int>) throws -> Int {
        guard let number = Int(value), range.contains(number) else {
            throw CommandError(
                "use a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
