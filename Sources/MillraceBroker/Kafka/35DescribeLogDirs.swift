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
        var result = DescribeLogDirsResponse.DescribeLogDirsResult()
        result.logDir = services.storage.options.directory.string
        do throws(StorageError) {
            let directory = try await services.storage.logDirectory()
            result.totalBytes = Int64(clamping: directory.totalBytes)
            result.usableBytes = Int64(clamping: directory.usableBytes)
            result.topics = Self.topics(directory.partitions, request)
        } catch {
            result.errorCode = ErrorCode(error)
        }
        response.results = [result]
        return response
    }

    /// The partitions asked for, by topic.
    private static func topics(
        _ partitions: [LogDirectory.Partition], _ request: DescribeLogDirsRequest
    ) -> [DescribeLogDirsResponse.DescribeLogDirsTopic] {
        let wanted: [String: Set<Int32>]? = request.topics?.reduce(into: [:]) {
            $0[$1.topic, default: []].formUnion($1.partitions)
        }
        var topics: [DescribeLogDirsResponse.DescribeLogDirsTopic] = []
        for found in partitions {
            let (name, index) = (found.partition.topic.string, found.partition.partition)
            guard wanted?[name]?.contains(index) ?? (wanted == nil) else { continue }
            if topics.last?.name != name {
                var topic = DescribeLogDirsResponse.DescribeLogDirsTopic()
                topic.name = name
                topics.append(topic)
            }
            var partition = DescribeLogDirsResponse.DescribeLogDirsPartition()
            partition.partitionIndex = index
            partition.partitionSize = Int64(clamping: found.sizeInBytes)
            topics[topics.count - 1].partitions.append(partition)
        }
        return topics
    }
}
