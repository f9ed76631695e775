internal import MillraceCoordination
internal import MillraceModel
internal import MillraceRecords
internal import MillraceStorage

/// What the transaction coordinator decides, carried out in the log.
struct TransactionPartitions: TransactionParticipants {
    let storage: Storage
    let groups: GroupCoordinator
    /// The topic of committed offsets, whose ends the groups have to hear of.
    let offsets: TopicName

    func newProducerID() async throws(TransactionError) -> ProducerID {
        do throws(StorageError) {
            return try await storage.allocateProducerID()
        } catch {
            throw .notAvailable("\(error)")
        }
    }

    func end(
        _ producer: ProducerID, _ epoch: ProducerEpoch, isCommit: Bool, in partition: TopicPartition
    ) async throws(TransactionError) {
        // The records of a topic that is gone are gone with it.
        guard let log = try? storage.partition(partition) else { return }
        guard partition.topic != offsets else {
            return try await endOffsets(producer, epoch, isCommit, partition.partition)
        }
        let marker = TransactionMarker(producerID: producer, producerEpoch: epoch, isCommit: isCommit)
        do throws(StorageError) {
            _ = try await log.storage.end(marker, in: log).result()
        } catch .unknownPartition {
            return
        } catch .invalidProducerEpoch {
            // A younger epoch has ended there what this one left.
            return
        } catch {
            throw .notAvailable("\(error)")
        }
        // The coordinator forgets the transaction next: its end must not be lost in a power cut.
        if log.durability == .relaxed, await !log.storage.synchronize(log) {
            throw .notAvailable("the end in \(partition) is not on the disk")
        }
    }

    private func endOffsets(
        _ producer: ProducerID, _ epoch: ProducerEpoch, _ isCommit: Bool, _ partition: Int32
    ) async throws(TransactionError) {
        do throws(CoordinationError) {
            let owner = TransactionOwner(producerID: producer, producerEpoch: epoch)
            try await groups.endTransaction(owner, isCommit: isCommit, in: partition)
        } catch .producerFenced {
            // As above.
        } catch {
            throw .notAvailable("\(error)")
        }
    }
}
