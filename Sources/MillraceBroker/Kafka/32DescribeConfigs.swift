internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 32, DescribeConfigs: every setting of topics and of the broker, where its value comes from, and what would hold
// without it.
//
// The broker's settings have its node id for a name; without a name those that were set for all brokers are meant. v1
// has synonyms, v3 types and documentation.

extension KafkaConnection {
    func describeConfigs(_ request: DescribeConfigsRequest) -> DescribeConfigsResponse {
        var response = DescribeConfigsResponse()
        for resource in request.resources.unique {
            var result = DescribeConfigsResponse.DescribeConfigsResult()
            result.resourceType = resource.resourceType
            result.resourceName = resource.resourceName
            result.errorMessage = nil
            do throws(Refusal) {
                let wanted = resource.configurationKeys.map(Set.init)
                result.configs = try entries(of: resource)
                    .filter { wanted?.contains($0.name) ?? true }
                    .map { Self.describe($0, request) }
            } catch {
                result.errorCode = error.code
                result.errorMessage = error.message
            }
            response.results.append(result)
        }
        return response
    }

    private func entries(
        of resource: DescribeConfigsRequest.DescribeConfigsResource
    ) throws(Refusal) -> [ConfigEntry] {
        let storage = services.storage
        switch ConfigResourceType(rawValue: resource.resourceType) {
        case .topic:
            let name = try Refusal.topicName(resource.resourceName)
            guard let topic = storage.topic(name) else { throw Refusal(.unknownTopic(name)) }
            return storage.configEntries(of: topic)
        case .broker where resource.resourceName.isEmpty:
            return storage.topicDefaultEntries.filter { $0.source == .dynamicDefaultBroker }
        case .broker:
            try checkBroker(resource.resourceName)
            return services.settings.entries
        case nil: throw Refusal.unknownResource(resource.resourceType)
        }
    }

    func checkBroker(_ name: String) throws(Refusal) {
        guard name == "\(services.options.nodeID)" else {
            throw Refusal(
                .invalidRequest, "there is no broker '\(name)': the only one is \(services.options.nodeID)")
        }
    }

    private static func describe(
        _ entry: ConfigEntry, _ request: DescribeConfigsRequest
    ) -> DescribeConfigsResponse.DescribeConfigsResourceResult {
        var config = DescribeConfigsResponse.DescribeConfigsResourceResult()
        config.name = entry.name
        config.value = entry.value
        config.readOnly = entry.isReadOnly
        config.configSource = entry.source.rawValue
        config.configType = entry.type.rawValue
        config.documentation = request.includeDocumentation ? entry.documentation : nil
        if request.includeSynonyms {
            config.synonyms = entry.synonyms.map {
                var synonym = DescribeConfigsResponse.DescribeConfigsSynonym()
                synonym.name = $0.name
                synonym.value = $0.value
                synonym.source = $0.source.rawValue
                return synonym
            }
        }
        return config
    }
}

extension Refusal {
    static func unknownResource(_ type: Int8) -> Refusal {
        Refusal(.invalidRequest, "resources of type \(type) have no settings here: use 2 (topic) or 4 (broker)")
    }
}
