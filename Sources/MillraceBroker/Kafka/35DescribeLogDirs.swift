internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 35, DescribeLogDirs: the data directory, the size of each partition in it and of the volume.
//
// Null asks for all partitions. v3 has a top-level error, v4 the volume's bytes (KIP-827), v5 cordoned directories,
// which are not known here.

extension KafkaConnection {
    func describeLogDirs(_ request: DescribeLogDirsRequest) async -> DescribeLogDirsResponse {
        var response = DescribeLogDirsResponse()
        var directory = DescribeLogDirsResponse.DescribeLogDirsResult()
        directory.logDir = services.storage.options.directory.string
        for (topic, wanted) in partitions(request) {
            var described = DescribeLogDirsResponse.DescribeLogDirsTopic()
            described.name = topic.entry.name.string
            for log in topic.partitions where wanted?.contains(log.partition.partition) ?? true {
                var partition = DescribeLogDirsResponse.DescribeLogDirsPartition()
                partition.partitionIndex = log.partition.partition
                partition.partitionSize = Int64(clamping: await log.storage.state(of: log).sizeInBytes)
                described.partitions.append(partition)
            }
            directory.topics.append(described)
        }
        response.results = [directory]
        return response
    }

    /// The topics asked for, each with the partitions asked for; nil for all.
    private func partitions(_ request: DescribeLogDirsRequest) -> [(Topic, Set<Int32>?)] {
        guard let asked = request.topics else { return services.storage.topics.map { ($0, nil) } }
        return asked.compactMap { asked in
            (try? services.storage.find(name: asked.topic, id: .zero).get()).map {
                ($0, Set(asked.partitions))
            }
        }
    }
}
