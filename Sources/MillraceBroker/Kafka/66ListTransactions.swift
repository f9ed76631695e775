internal import Millrace
internal import MillraceCoordination
internal import MillraceKafkaProtocol
internal import MillraceModel

// Key 66, ListTransactions: the transactional ids there are (KIP-664), by state, by producer and, from v1 on, by how
// long their transactions have been under way (KIP-994). v2, with a pattern of ids, is not served.

extension KafkaConnection {
    func listTransactions(_ request: ListTransactionsRequest) async -> ListTransactionsResponse {
        var response = ListTransactionsResponse()
        let known = Set(TransactionState.allCases.map(\.name))
        response.unknownStateFilters = request.stateFilters.filter { !known.contains($0) }
        let states = Set(request.stateFilters)
        let producers = Set(request.producerIDFilters)
        let now = shard.wallClock.milliseconds
        do throws(TransactionError) {
            let all = try await withTransactions { (coordinator) async throws(TransactionError) in
                try await coordinator.list()
            }
            for (id, found) in all {
                let age = found.startedAt == .none ? -1 : now &- found.startedAt.milliseconds
                guard states.isEmpty || states.contains(found.state.name),
                    producers.isEmpty || producers.contains(found.producerID.value),
                    request.durationFilter < 0 || age > request.durationFilter
                else { continue }
                var state = ListTransactionsResponse.TransactionState()
                state.transactionalID = id
                state.producerID = found.producerID.value
                state.transactionState = found.state.name
                response.transactionStates.append(state)
            }
        } catch {
            response.errorCode = ErrorCode(error)
        }
        return response
    }
}
