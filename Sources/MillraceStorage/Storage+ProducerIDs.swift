package import MillraceModel
internal import SystemPackage

extension Storage {
    /// A producer id that nobody has had, not even before a crash.
    package func allocateProducerID() async throws(StorageError) -> ProducerID {
        while true {
            if let id = producerIDs.next() { return id }
            if producerIDs.isReserving {
                do throws(Errno) {
                    try await producerIDsReserved.wait(after: producerIDsReserved.notices)
                } catch {
                    throw .closed
                }
                continue
            }
            producerIDs.isReserving = true
            defer {
                producerIDs.isReserving = false
                producerIDsReserved.notifyAll()
            }
            try await reserveProducerIDs()
        }
    }

    private func reserveProducerIDs() async throws(StorageError) {
        let path = options.directory.appending(DataFiles.producerIDs)
        var first = producerIDs.end ?? 0
        if producerIDs.end == nil {
            first = try await ProducerIDs.read(path, on: shard)
            // The logs of a directory that came from elsewhere have producers of their own.
            for storage in shards {
                first = max(first, (await storage.largestProducerID?.value ?? -1) + 1)
            }
        }
        producerIDs.reserved(
            from: first, to: try await ProducerIDs.reserve(from: first, in: path, on: shard))
    }
}
