internal import MillraceKafkaProtocol

/// A request's header, known to be one that is served.
struct KafkaCall: Sendable {
    let header: RequestHeader
    let api: API
    let version: Int16
    /// The client's address.
    let host: String
    /// False for an ApiVersions of a version that is not known, which is answered all the same (KIP-511).
    let isServed: Bool

    var clientID: String { header.clientID ?? "" }

    /// - Throws: `unknownKey` and `unsupportedVersion`, which cost the connection: nobody could tell the client in a
    /// form it can read.
    init(_ header: RequestHeader, host: String) throws(WireError) {
        guard let api = header.api, let versions = KafkaSurface.versions[api] else {
            throw .unknownKey(header.key)
        }
        let isServed = versions.contains(header.version)
        guard isServed || api == .apiVersions else { throw .unsupportedVersion(header.version, api) }
        self.init(header, api, header.version, host, isServed)
    }

    private init(
        _ header: RequestHeader, _ api: API, _ version: Int16, _ host: String, _ isServed: Bool
    ) {
        self.header = header
        self.api = api
        self.version = version
        self.host = host
        self.isServed = isServed
    }

    func inVersion(_ version: Int16) -> KafkaCall { KafkaCall(header, api, version, host, isServed) }
}
