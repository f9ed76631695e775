internal import MillraceKafkaProtocol

// Key 18, ApiVersions: which keys and versions are served. Every client's first request.
//
// The version is answered with a v0 body and UNSUPPORTED_VERSION where it is too new (KIP-511), and the response
// header never has tagged fields. Tagged fields of the body are exactly those that Kafka sends: librdkafka 2.0.2
// fails on others. v3 brings the client's name and version, features and their epoch (KIP-584); v4 allows a feature
// to begin at 0.

extension KafkaConnection {
    func apiVersions(_ request: ApiVersionsRequest, _ call: KafkaCall) -> ApiVersionsResponse {
        guard call.version < 3 || Self.isLegal(request.clientSoftwareName),
            call.version < 3 || Self.isLegal(request.clientSoftwareVersion)
        else {
            var response = ApiVersionsResponse()
            response.errorCode = .invalidRequest
            return response
        }
        return .served
    }

    /// `[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?`, as KIP-511 has it.
    private static func isLegal(_ text: String) -> Bool {
        func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
        guard let first = text.utf8.first, let last = text.utf8.last else { return false }
        return isWord(first) && isWord(last)
            && text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }
}

extension ApiVersionsResponse {
    static let served: ApiVersionsResponse = {
        var response = ApiVersionsResponse()
        response.apiKeys = KafkaSurface.versions.sorted { $0.key.rawValue < $1.key.rawValue }.map {
            var version = ApiVersion()
            version.apiKey = $0.key.rawValue
            version.minVersion = $0.value.lowerBound
            version.maxVersion = $0.value.upperBound
            return version
        }
        response.finalizedFeaturesEpoch = 0
        return response
    }()

    static let unsupported: ApiVersionsResponse = {
        var response = served
        response.errorCode = .unsupportedVersion
        return response
    }()
}
