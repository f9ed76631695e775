internal import MillraceKafkaProtocol
internal import MillraceStorage

// Key 48, DescribeClientQuotas: the quotas of the entities that match (KIP-546).
//
// A component matches 0 a name, 1 the default, 2 any name or the default. Strict: entities with other components do
// not match. v1 is flexible.

extension KafkaConnection {
    func describeClientQuotas(_ request: DescribeClientQuotasRequest) -> DescribeClientQuotasResponse {
        var response = DescribeClientQuotasResponse()
        response.errorMessage = nil
        if let unknown = request.components.first(where: { !QuotaEntity.types.contains($0.entityType) }) {
            response.entries = nil
            response.errorCode = .invalidRequest
            response.errorMessage = QuotaEntity.unknown(unknown.entityType)
            return response
        }
        let rates = QuotaEntity.rates(in: services.storage.brokerConfig.clusterDefault)
        response.entries = rates.filter { $0.key.matches(request) }
            .sorted { $0.key.settingName(.fetch) < $1.key.settingName(.fetch) }
            .map { entity, values in
                var entry = DescribeClientQuotasResponse.EntryData()
                entry.entity = entity.components.map {
                    var component = DescribeClientQuotasResponse.EntityData()
                    component.entityType = $0.type
                    component.entityName = $0.name
                    return component
                }
                entry.values = values.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                    var value = DescribeClientQuotasResponse.ValueData()
                    value.key = $0.key.rawValue
                    value.value = $0.value
                    return value
                }
                return entry
            }
        return response
    }
}

extension QuotaEntity {
    static let types = ["user", "client-id"]

    static func unknown(_ type: String) -> String {
        "quotas are for entities of the types user and client-id, not '\(type)'"
    }

    /// Its components; the default has no name.
    var components: [(type: String, name: String?)] {
        zip(Self.types, [user, client]).compactMap { type, part in
            switch part {
            case .absent: nil
            case .standard: (type, nil)
            case .name(let name): (type, name)
            }
        }
    }

    fileprivate func matches(_ request: DescribeClientQuotasRequest) -> Bool {
        for component in request.components {
            let part = component.entityType == "user" ? user : client
            let isMatch =
                switch component.matchType {
                case 0: part == .name(component.match ?? "")
                case 1: part == .standard
                default: part != .absent
                }
            guard isMatch else { return false }
        }
        return !request.strict || components.count == request.components.count
    }
}
