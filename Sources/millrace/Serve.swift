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
            """)

    @Option(help: "Where the log is kept. (default: ./millrace-data)")
    var dataDir: String?

    @Option(help: "Where native clients connect; port 0 picks a free one. (default: 127.0.0.1:7070)")
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
        let native = try address(listen ?? properties.listen ?? "127.0.0.1:7070", "--listen")
        let kafka = try address(kafka ?? properties.kafka ?? "127.0.0.1:9092", "--kafka")
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
        options.journalFileBytes = properties.journalFileBytes ?? options.journalFileBytes
        options.journalFileCountMax = properties.journalFileCountMax ?? options.journalFileCountMax
        options.topicDefaults = properties.topicDefaults
        options.groups = properties.groups
        options.retentionInterval = properties.retentionInterval ?? options.retentionInterval
        options.producerExpiration = properties.producerExpiration ?? options.producerExpiration
        return options
    }

    private func chosenDurability() throws -> Durability? {
        guard let durability else { return nil }
        guard let chosen = Durability(rawValue: durability) else {
            throw CommandError("--durability \(durability): use durable or relaxed")
        }
        return chosen
    }

    private func address(_ text: String, _ option: String) throws -> SocketAddress {
        guard let address = SocketAddress(text) else {
            throw CommandError("\(option) \(text): use HOST:PORT")
        }
        return address
    }

    private static func refused(
        _ address: SocketAddress, _ option: String, _ error: any Error
    ) -> CommandError {
        switch error as? Errno {
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
