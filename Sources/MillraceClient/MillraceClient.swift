@_exported public import MillraceClientCore
@_exported public import MillraceModel
internal import MillraceNativeProtocol
@_exported public import MillraceRecords
internal import SwiftProtobuf

/// A client of a Millrace broker, over the native protocol.
///
/// Every method may be called from any task. Errors are `ClientError`: they name the thing, the
/// value, the limit and the way out. A call that the broker does not answer within the timeout
/// throws `noAnswer`.
///
/// A connection that is lost is made again, as `ConnectionOptions.reconnect` says. Calls that only ask are then made
/// again; one that may have changed something throws `connectionLost`, and its caller has to look whether it has.
public final class MillraceClient: Sendable {
    let link: BrokerLink

    private init(_ link: BrokerLink) { self.link = link }

    deinit { link.close() }

    /// Connects to a broker.
    /// - Throws: `cannotConnect`, `noAnswer`, or `protocolViolation` where something else answers.
    public static func connect(
        to address: BrokerAddress, options: ConnectionOptions = ConnectionOptions()
    ) async throws(ClientError) -> MillraceClient {
        MillraceClient(try await BrokerLink.open(address, options))
    }

    /// Connects to a broker over TCP.
    /// - Parameters:
    ///   - host: a name or an address.
    ///   - port: that of the native listener.
    ///   - timeout: for the connection, and for each answer after it.
    ///   - reconnect: how often, and for how long, a lost broker is looked for.
    /// - Throws: `cannotConnect`, `noAnswer`, or `protocolViolation` where something else answers.
    public static func connect(
        host: String = "127.0.0.1", port: Int = 7070, timeout: Duration = .seconds(10),
        reconnect: ReconnectPolicy = ReconnectPolicy()
    ) async throws(ClientError) -> MillraceClient {
        try await connect(
            to: .tcp(host: host, port: port),
            options: ConnectionOptions(timeout: timeout, reconnect: reconnect))
    }

    /// The broker's address, as `BrokerAddress` reads it.
    public var address: String { link.address.description }

    /// Closes the connection. Calls that are open throw `closed`.
    public func close() async { await link.close()?.closeAndWait() }

    /// Calls a method that is answered by one message.
    func ask<Response: SwiftProtobuf.Message>(
        _ method: MillraceNativeProtocol.Method, _ request: some SwiftProtobuf.Message,
        _ type: Response.Type
    ) async throws(ClientError) -> Response {
        try await link.ask(method, request, type)
    }
}
