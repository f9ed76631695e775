/// Where a socket listens or connects.
package enum SocketAddress: Hashable, Sendable {
    /// TCP: `HOST:PORT` in text, `[HOST]:PORT` for IPv6.
    case internet(host: String, port: UInt16)
    /// A file of this machine: `unix:PATH` in text.
    case unix(path: String)

    package init(host: String, port: UInt16) { self = .internet(host: host, port: port) }

    /// Empty for a file.
    package var host: String {
        if case .internet(let host, _) = self { host } else { "" }
    }

    /// 0 for a file.
    package var port: UInt16 {
        if case .internet(_, let port) = self { port } else { 0 }
    }
}

extension SocketAddress: CustomStringConvertible {
    private static let unixPrefix = "unix:"

    /// Reads `HOST:PORT`, `[HOST]:PORT` and `unix:PATH`; nil for anything else.
    package init?(_ text: String) {
        if text.hasPrefix(Self.unixPrefix) {
            let path = text.dropFirst(Self.unixPrefix.count)
            guard !path.isEmpty, !path.utf8.contains(0) else { return nil }
            self = .unix(path: String(path))
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self = .internet(host: String(host), port: port)
    }

    package var description: String {
        switch self {
        case .internet(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): Self.unixPrefix + path
        }
    }
}
