package import MillraceModel
internal import MillraceShard
internal import SystemPackage

extension Storage {
    /// The identity of the cluster that the data directory belongs to: made at the first call, the same ever after.
    ///
    ///     millrace-cluster 1
    ///     cluster <22 characters of base64>
    ///     crc32c 9ae0daaf
    package func clusterID() async throws(StorageError) -> TopicID {
        try await beginChange()
        defer { endChange() }
        let path = options.directory.appending(DataFiles.cluster)
        do throws(StorageError) {
            let lines = try await LineFile.read("millrace-cluster", 1, path, on: shard)
            for line in lines {
                let words = line.split(separator: " ")
                if words.count == 2, words[0] == "cluster", let id = TopicID(base64: words[1]) { return id }
            }
            throw .damagedFile(path, reason: "it names no cluster")
        } catch {
            guard case .io(_, .noSuchFileOrDirectory, _) = error else { throw error }
        }
        var randomness = DeviceRandomness(shard.device)
        let id = TopicID(from: &randomness)
        try await LineFile.write("millrace-cluster", 1, ["cluster \(id)"], to: path, on: shard)
        return id
    }
}
