internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 74, ListConfigResources: what has settings (KIP-1142).
//
// v0 asks for client metrics subscriptions only, of which there are none. v1 names types: 2 topics, 4 brokers; none
// asks for all.

extension KafkaConnection {
    func listConfigResources(
        _ request: ListConfigResourcesRequest, _ call: KafkaCall
    ) -> ListConfigResourcesResponse {
        var response = ListConfigResourcesResponse()
        guard call.version >= 1 else { return response }
        let known: [ConfigResourceType] = [.topic, .broker]
        let wanted = Set(request.resourceTypes)
        for type in known where wanted.isEmpty || wanted.contains(type.rawValue) {
            let names =
                switch type {
                case .topic: services.storage.topics.map(\.entry.name.string)
                case .broker: ["\(services.options.nodeID)"]
                }
            response.configResources += names.map {
                var resource = ListConfigResourcesResponse.ConfigResource()
                resource.resourceName = $0
                resource.resourceType = type.rawValue
                return resource
            }
        }
        return response
    }
}

/// What has settings, by the numbers of Kafka's `ConfigResource.Type`.
enum ConfigResourceType: Int8 {
    case topic = 2
    case broker = 4
}
