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
            'millrace ready native=HOST:PORT'. SIGTERM stops the broker cleanly.
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
        if let kafka = kafka ?? properties.kafka {
            _ = try address(kafka, "--kafka")
            warn("this version has no Kafka listener; \(kafka) is not served")
        }
        let directory = dataDir ?? properties.dataDirectory ?? "millrace-data"
        let engine = try await Engine.open(directory, options: try options(properties))
        let broker = Broker(engine: engine)
        let bound: SocketAddress
        do {
            bound = try await broker.listen(on: native)
        } catch {
            await engine.close()
            throw Self.refused(native, error)
        }
        FileHandle.standardOutput.write(Data("millrace ready native=\(bound)\n".utf8))
        let group = ServiceGroup(
            services: [BrokerService(broker: broker, engine: engine)],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "millrace.service"))
        try await group.run()
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
        options.retentionInterval = properties.retentionInterval ?? options.retentionInterval
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

    private static func refused(_ address: SocketAddress, _ error: any Error) -> CommandError {
        switch error as? Errno {
        case .addressInUse:
            CommandError(
                "\(address) is in use by another program; choose another address with --listen")
        case .addressNotAvailable:
            CommandError("\(address) is no address of this machine; choose another with --listen")
        case .permissionDenied:
            CommandError("\(address) needs privileges; choose a port above 1023 with --listen")
        default: CommandError("\(address) cannot be listened on: \(error)")
        }
    }
}

/// Runs until the process is asked to stop, then lets clients finish and closes the log.
private struct BrokerService: Service {
    let broker: Broker
    let engine: Engine

    func run() async throws {
        try? await gracefulShutdown()
        await broker.stop()
        await engine.close()
    }
}

/// One line on standard error.
func warn(_ text: String) {
    FileHandle.standardError.write(Data("millrace: \(text)\n".utf8))
}
