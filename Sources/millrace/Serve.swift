internal import ArgumentParser
internal import Foundation
internal import Logging
internal import Millrace
internal import MillraceBroker
internal import MillraceShard
internal import ServiceLifecycle
internal import SystemPackage

/// `millrace serve`: opens a data directory and serves it until SIGTERM or SIGINT.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve a data directory to clients.",
        discussion: """
            When the listeners accept, one line on standard output says where: \
            'millrace ready native=HOST:PORT kafka=HOST:PORT'. SIGTERM stops the broker cleanly.
            With '--listen unix:PATH' native clients connect through a socket file, which only the broker's own user \
            can open (mode 0600); it is removed at the stop, and one that a killed broker left is replaced.
            """)

    @Option(help: "Where the log is kept. (default: ./millrace-data)")
    var dataDir: String?

    @Option(
        help: """
            Where native clients connect, HOST:PORT or unix:PATH; port 0 picks a free one. (default: 127.0.0.1:7070)
            """)
    var listen: String?

    @Option(help: "Where Kafka clients connect. (default: 127.0.0.1:9092)")
    var kafka: String?

    @Option(help: "Threads with a ring each. (default: one a core)")
    var shards: Int?

    @Option(help: "What new topics promise: durable or relaxed. (default: durable)")
    var durability: String?

    @Option(help: "A Kafka-style server.properties; flags win over it.")
    var config: String?

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: String = "notice"

    func run() async throws {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw CommandError(
                "--log-level \(logLevel): use trace, debug, info, notice, warning, error or critical")
        }
        bootstrapLogging(level)
        let properties = try config.map { try ServerProperties(file: $0) } ?? ServerProperties()
        if !properties.unknown.isEmpty {
            warn("settings that Millrace does not have: \(properties.unknown.joined(separator: ", "))")
        }
        let native = try address(
            listen ?? properties.listen ?? "127.0.0.1:7070", "--listen", "use HOST:PORT or unix:PATH")
        let kafka = try address(kafka ?? properties.kafka ?? "127.0.0.1:9092", "--kafka", "use HOST:PORT")
        if case .unix = kafka {
            throw CommandError("--kafka \(kafka): Kafka clients connect over TCP, use HOST:PORT")
        }
        let directory = dataDir ?? properties.dataDirectory ?? "millrace-data"
        let engine = try await Engine.open(directory, options: try options(properties))
        var brokerOptions = properties.broker
        brokerOptions.hostName = ProcessInfo.processInfo.hostName
        let broker = Broker(engine: engine, options: brokerOptions)
        let ready: String
        do {
            ready = try await listen(broker, native: native, kafka: kafka)
        } catch {
            await broker.stop()
            await engine.close()
            throw error
        }
        let group = ServiceGroup(
            services: [BrokerService(broker: broker, engine: engine, ready: ready)],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "millrace.service"))
        try await group.run()
    }

    /// - Returns: the line that says where the listeners are.
    private func listen(
        _ broker: Broker, native: SocketAddress, kafka: SocketAddress
    ) async throws -> String {
        let boundNative: SocketAddress
        do {
            boundNative = try await broker.listen(on: native)
        } catch {
            throw Self.refused(native, "--listen", error)
        }
        do {
            let boundKafka = try await broker.listenForKafka(on: kafka)
            return "millrace ready native=\(boundNative) kafka=\(boundKafka)"
        } catch {
            throw Self.refused(kafka, "--kafka", error)
        }
    }

    private func options(_ properties: ServerProperties) throws -> EngineOptions {
        var options = EngineOptions(shardCount: shards ?? properties.shardCount)
        if let durability = try chosenDurability() ?? properties.durability {
            options.durability = durability
        }
        options.partitionCount = properties.partitionCount ?? options.partitionCount
        options.offsetsPartitionCount =
            properties.offsetsPartitionCount ?? options.offsetsPartitionCount
        options.transactionStatePartitionCount =
            properties.transactionStatePartitionCount ?? options.transactionStatePartitionCount
        options.transactions = properties.transactions
        options.journalFileBytes = properties.journalFileBytes ?? options.journalFileBytes
        options.journalFileCountMax = properties.journalFileCountMax ?? options.journalFileCountMax
        options.topicDefaults = properties.topicDefaults
        options.groups = properties.groups
        options.retentionInterval = properties.retentionInterval ?? options.retentionInterval
        options.producerExpiration = properties.producerExpiration ?? options.producerExpiration
        options.cleanerInterval = properties.cleanerInterval ?? options.cleanerInterval
        options.cleanerBufferBytes = properties.cleanerBufferBytes ?? options.cleanerBufferBytes
        options.cleanerBytesPerSecond =
            properties.cleanerBytesPerSecond ?? options.cleanerBytesPerSecond
        return options
    }

    private func chosenDurability() throws -> Durability? {
        guard let durability else { return nil }
        guard let chosen = Durability(rawValue: durability) else {
            throw CommandError("--durability \(durability): use durable or relaxed")
        }
        return chosen
    }

    private func address(
        _ text: String, _ option: String, _ wayOut: String
    ) throws -> SocketAddress {
        guard let address = SocketAddress(text) else {
            throw CommandError("\(option) \(text): \(wayOut)")
        }
        return address
    }

    private static func refused(
        path: String, _ option: String, _ error: any Error
    ) -> CommandError {
        switch error as? Errno {
        case .addressInUse:
            CommandError("another program listens on \(path); stop it, or choose another file with \(option)")
        case .notSocket:
            CommandError("\(path) is there and is no socket; choose another file with \(option)")
        case .fileNameTooLong:
            CommandError("\(path) is too long: a socket's path has at most 107 bytes; choose another with \(option)")
        default: CommandError("\(path) cannot be listened on: \(error)")
        }
    }

    private static func refused(
        _ address: SocketAddress, _ option: String, _ error: any Error
    ) -> CommandError {
        if case .unix(let path) = address { return refused(path: path, option, error) }
        return switch error as? Errno {
        case .addressInUse:
            CommandError(
                "\(address) is in use by another program; choose another address with \(option)")
        case .addressNotAvailable:
            CommandError("\(address) is no address of this machine; choose another with \(option)")
        case .permissionDenied:
            CommandError("\(address) needs privileges; choose a port above 1023 with \(option)")
        default: CommandError("\(address) cannot be listened on: \(error)")
        }
    }
}

/// Runs until the process is asked to stop, then lets clients finish and closes the log.
private struct BrokerService: Service {
    let broker: Broker
    let engine: Engine
    /// What says that the broker is ready. The signals are listened for by the time this service runs: whoever has read
    /// the line may stop the broker at once.
    let ready: String

    func run() async throws {
        FileHandle.standardOutput.write(Data("\(ready)\n".utf8))
        try? await gracefulShutdown()
        await broker.stop()
        await engine.close()
    }
}

/// One line on standard error.
func warn(_ text: String) {
    FileHandle.standardError.write(Data("millrace: \(text)\n".utf8))
}
