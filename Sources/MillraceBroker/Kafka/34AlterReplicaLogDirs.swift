internal import Millrace
internal import MillraceKafkaProtocol
internal import MillraceModel
internal import MillraceStorage

// Key 34, AlterReplicaLogDirs: moves partitions between data directories. There is one, where they are already;
// another is not known.
//
// Versions differ in form only (v2 flexible).

extension KafkaConnection {
    func alterReplicaLogDirs(_ request: AlterReplicaLogDirsRequest) -> AlterReplicaLogDirsResponse {
        var response = AlterReplicaLogDirsResponse()
        let home = services.storage.options.directory.string
        for directory in request.dirs {
            for topic in directory.topics {
                var result = AlterReplicaLogDirsResponse.AlterReplicaLogDirTopicResult()
                result.topicName = topic.name
                let found = services.storage.find(name: topic.name, id: .zero)
                result.partitions = topic.partitions.map { index in
                    var partition = AlterReplicaLogDirsResponse.AlterReplicaLogDirPartitionResult()
                    partition.partitionIndex = index
                    if directory.path != home {
                        partition.errorCode = .logDirNotFound
                    } else if case .failure(let code) = found.flatMap({ $0.partition(index) }) {
                        partition.errorCode = code
                    }
                    return partition
                }
                response.results.append(result)
            }
        }
        return response
    }
}
