internal import MillraceKafkaProtocol

// Key 57, UpdateFeatures: levels of features of the whole cluster (KIP-584). There are none here, so each is refused.
//
// v1 can validate only; v2 answers with one error for all.

extension KafkaConnection {
    func updateFeatures(_ request: UpdateFeaturesRequest, _ call: KafkaCall) -> UpdateFeaturesResponse {
        var response = UpdateFeaturesResponse()
        response.errorMessage = nil
        response.results = request.featureUpdates.map {
            var result = UpdateFeaturesResponse.UpdatableFeatureResult()
            result.feature = $0.feature
            result.errorCode = .invalidUpdateVersion
            result.errorMessage = "the broker has no feature '\($0.feature)'"
            return result
        }
        if call.version >= 2, let first = response.results.first {
            response.errorCode = first.errorCode
            response.errorMessage = first.errorMessage
        }
        return response
    }
}
