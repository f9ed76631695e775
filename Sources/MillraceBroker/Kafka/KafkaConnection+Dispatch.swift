internal import MillraceKafkaProtocol

extension KafkaConnection {
    /// The one switch between what is asked and who answers.
    func respond(to request: AnyRequest, _ call: KafkaCall) async throws {
        switch request {
        case .apiVersions(let request): answer(apiVersions(request, call), call)
        case .metadata(let request): answer(await metadata(request, call), call)
        case .fetch(let request): try await fetch(request, call)
        case .listOffsets(let request): answer(await listOffsets(request), call)
        case .offsetForLeaderEpoch(let request): answer(await offsetForLeaderEpoch(request), call)
        default: throw WireError.unknownKey(call.api.rawValue)
        }
    }
}
