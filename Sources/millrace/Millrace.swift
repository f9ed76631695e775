internal import ArgumentParser
internal import Logging

/// The command line: a broker, and its clients.
@main
struct MillraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "millrace",
        abstract: "An event log: durable topics, partitions and offsets over io_uring.",
        subcommands: [
            Serve.self, TopicCommand.self, GroupCommand.self, Produce.self, Consume.self,
            LogCommand.self,
        ])
}

/// Something that the command line says to a person before it exits with 1.
struct CommandError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Log lines go to standard error; standard output is for results.
func bootstrapLogging(_ level: Logger.Level) {
    LoggingSystem.bootstrap { label in
        var handler = StreamLogHandler.standardError(label: label)
        handler.logLevel = level
        return handler
    }
}
