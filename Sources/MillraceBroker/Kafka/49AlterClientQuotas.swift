internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 49, AlterClientQuotas: sets and removes the byte rates of users and client ids (KIP-546); they hold at once and
// survive a restart. Kinds of quotas that are not enforced here are refused. v1 is flexible.

extension KafkaConnection {
    func alterClientQuotas(_ request: AlterClientQuotasRequest) async -> AlterClientQuotasResponse {
        var response = AlterClientQuotasResponse()
        for entry in request.entries {
            var result = AlterClientQuotasResponse.EntryData()
            result.errorMessage = nil
            result.entity = entry.entity.map {
                var component = AlterClientQuotasResponse.EntityData()
                component.entityType = $0.entityType
                component.entityName = $0.entityName
                return component
            }
            do throws(Refusal) {
                let entity = try Self.entity(entry)
                var settings: [String: String?] = [:]
                for operation in entry.ops {
                    settings[entity.settingName(try Self.key(operation))] = .some(
                        operation.remove ? nil : "\(operation.value)")
                }
                if !request.validateOnly { try await store(settings) }
            } catch {
                result.errorCode = error.code
                result.errorMessage = error.message
            }
            response.entries.append(result)
        }
        return response
    }

    private static func entity(_ entry: AlterClientQuotasRequest.EntryData) throws(Refusal) -> QuotaEntity {
        guard !entry.entity.isEmpty else { throw Refusal(.invalidRequest, "a quota is for some entity") }
        var entity = QuotaEntity()
        for component in entry.entity {
            let part = component.entityName.map { QuotaEntity.Part.name($0) } ?? .standard
            let isTwice: Bool
            switch component.entityType {
            case "user": (isTwice, entity.user) = (entity.user != .absent, part)
            case "client-id": (isTwice, entity.client) = (entity.client != .absent, part)
            default: throw Refusal(.invalidRequest, QuotaEntity.unknown(component.entityType))
            }
            guard !isTwice, component.entityName != "" else {
                throw Refusal(.invalidRequest, "the entity's \(component.entityType) is empty or given twice")
            }
        }
        return entity
    }

    private static func key(_ operation: AlterClientQuotasRequest.OpData) throws(Refusal) -> QuotaKey {
        guard let key = QuotaKey(rawValue: operation.key) else {
            let known = QuotaKey.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal(.invalidRequest, "'\(operation.key)' is not enforced here; the quotas are \(known)")
        }
        guard operation.remove || operation.value >= 1, operation.value.isFinite else {
            throw Refusal(
                .invalidRequest, "\(operation.key)=\(operation.value): use at least 1 byte a second")
        }
        return key
    }

    private func store(_ settings: [String: String?]) async throws(Refusal) {
        do throws(StorageError) {
            try await services.storage.alterBrokerConfig { (config) throws(TopicConfigError) in
                for (name, value) in settings { config.clusterDefault[name] = value }
            }
        } catch {
            throw Refusal(error)
        }
        services.loadQuotas()
    }
}
