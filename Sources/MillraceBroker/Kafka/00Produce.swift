internal import Millrace
internal import MillraceBytes
internal import MillraceCoordination
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceRecords
internal import MillraceStorage

// Key 0, Produce: record batches in, one for each partition, acknowledged when they are as safe as their topic
// demands.
//
// acks=0 gets no answer; acks=1 and acks=all mean the same on a broker that has no followers: durable topics are
// durable whatever the client asks. v0 to v2 carry messages of formats that Kafka 4 does not take either: they are
// advertised (KAFKA-18659) and refused with UNSUPPORTED_VERSION. v5 has the log start offset, v7 zstd, v8 errors for
// single records and a message, v9 flexible, v10 the current leader (KIP-951), v13 topic ids instead of names.

extension KafkaConnection {
    /// Hands the batches to their partitions.
    func produce(
        _ request: ProduceRequest, _ call: KafkaCall, _ frame: ByteSlice
    ) async -> PendingProduce {
        var pending = PendingProduce(call: call, isAnswered: request.acks != 0, bytes: frame.count)
        for topic in request.topicData {
            let found = services.storage.find(name: topic.name, id: topic.topicID)
            var partitions: [PendingProduce.Partition] = []
            for partition in topic.partitionData {
                let outcome: PendingProduce.Outcome
                if let refusal = Self.refusal(request, call) {
                    outcome = .refused(refusal, nil)
                } else if case .success(let topic) = found, topic.entry.name.isInternal {
                    outcome = .refused(.invalidTopic, "topic '\(topic.entry.name)' is the broker's own")
                } else {
                    outcome = await append(partition, to: found, frame, request.transactionalID)
                }
                partitions.append((partition.index, outcome))
            }
            pending.topics.append((topic.name, topic.topicID, partitions))
        }
        return pending
    }

    private static func refusal(_ request: ProduceRequest, _ call: KafkaCall) -> ErrorCode? {
        guard call.version >= 3 else { return .unsupportedVersion }
        guard (-1...1).contains(request.acks) else { return .invalidRequiredAcks }
        return nil
    }

    private func append(
        _ data: ProduceRequest.PartitionProduceData, to topic: Result<Topic, ErrorCode>, _ frame: ByteSlice,
        _ transactionalID: String?
    ) async -> PendingProduce.Outcome {
        switch topic.flatMap({ $0.partition(data.index) }) {
        case .failure(let code): return .refused(code, nil)
        case .success(let log):
            guard let count = data.records.count, count > 0,
                let batch = try? frame.slice(offset: data.records.position, count: count)
            else { return .refused(.invalidRecord, "partition \(data.index) came without records") }
            do {
                let verification = try await verify(batch, of: log, transactionalID)
                return .appended(try await log.storage.append(batch, to: log, verification: verification))
            } catch let error as TransactionError {
                // Producers know INVALID_PRODUCER_EPOCH here, whatever the version.
                let code = ErrorCode(error)
                return .refused(code == .producerFenced ? .invalidProducerEpoch : code, "\(error)")
            } catch {
                let code = (error as? StorageError).map { ErrorCode($0) } ?? .unknownServerError
                return .refused(code, "\(error)")
            }
        }
    }

    /// Asks the coordinator whether a transactional batch that begins its transaction in the partition may.
    private func verify(
        _ batch: ByteSlice, of log: PartitionLog, _ transactionalID: String?
    ) async throws -> TransactionVerification? {
        guard let id = transactionalID, let header = try? RecordBatchHeader(parsing: batch.bytes),
            header.isTransactional,
            let verification = await log.storage.verification(for: header.producerID, in: log)
        else { return nil }
        try await withTransactions { (coordinator) async throws(TransactionError) in
            try await coordinator.verify(log.partition, in: id, header.producerID, header.producerEpoch)
        }
        return verification
    }
}

/// A produce request whose batches are on their way to the disk.
struct PendingProduce: Sendable {
    enum Outcome: Sendable {
        case appended(AppendTicket)
        case refused(ErrorCode, String?)
    }

    typealias Partition = (index: Int32, outcome: Outcome)

    let call: KafkaCall
    let isAnswered: Bool
    let bytes: Int
    /// How long the client has to wait for its quota's sake.
    var throttle = Duration.zero
    var topics: [(name: String, id: TopicID, partitions: [Partition])] = []

    /// Waits for the acknowledgements.
    func response() async -> ProduceResponse {
        var response = ProduceResponse()
        response.throttleTimeMs = throttle.throttleMilliseconds
        for topic in topics {
            var answered = ProduceResponse.TopicProduceResponse()
            answered.name = topic.name
            answered.topicID = topic.id
            for partition in topic.partitions {
                answered.partitionResponses.append(await Self.response(partition))
            }
            response.responses.append(answered)
        }
        return response
    }

    private static func response(
        _ partition: Partition
    ) async -> ProduceResponse.PartitionProduceResponse {
        var response = ProduceResponse.PartitionProduceResponse()
        response.index = partition.index
        response.baseOffset = -1
        switch partition.outcome {
        case .refused(let code, let message):
            response.errorCode = code
            response.errorMessage = message
        case .appended(let ticket):
            do throws(StorageError) {
                let result = try await ticket.result()
                response.baseOffset = result.baseOffset.value
                response.logAppendTimeMs = result.logAppendTime.milliseconds
                response.logStartOffset = result.logStartOffset.value
            } catch {
                response.errorCode = ErrorCode(error)
                response.errorMessage = "\(error)"
            }
        }
        return response
    }
}

extension ProduceResponse {
    /// What went wrong first, for the log.
    var firstError: String? {
        for topic in responses {
            for partition in topic.partitionResponses where partition.errorCode != .none {
                let name = topic.name.isEmpty ? "\(topic.topicID)" : topic.name
                let reason = partition.errorMessage ?? "Kafka's error code \(partition.errorCode.rawValue)"
                return "topic \(name.prefix(300)), partition \(partition.index): \(reason)"
            }
        }
        return nil
    }
}

extension Duration {
    /// As responses tell it.
    var throttleMilliseconds: Int32 { Int32(clamping: Int64((self / .milliseconds(1)).rounded(.up))) }
}
