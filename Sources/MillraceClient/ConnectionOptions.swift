public import Logging
public import MillraceClientCore

/// How a client keeps its connection.
public struct ConnectionOptions: Sendable {
    /// For the connection, and for each answer after it.
    public var timeout: Duration
    /// What is done when the connection is lost.
    public var reconnect: ReconnectPolicy
    /// By which name the broker's quotas, groups and log call this client; empty for none.
    public var clientID: String
    /// Gets losses and reconnections, never a line for each record.
    public var logger: Logger

    /// - Parameters:
    ///   - timeout: for the connection, and for each answer after it.
    ///   - reconnect: what is done when the connection is lost.
    ///   - clientID: a name for the broker's quotas, groups and log.
    ///   - logger: the default one is silent.
    public init(
        timeout: Duration = .seconds(10), reconnect: ReconnectPolicy = ReconnectPolicy(),
        clientID: String = "",
        logger: Logger = Logger(label: "millrace.client") { _ in SwiftLogNoOpLogHandler() }
    ) {
        self.timeout = timeout
        self.reconnect = reconnect
        self.clientID = clientID
        self.logger = logger
    }
}
