internal import Logging
internal import Millrace
internal import MillraceModel
internal import MillraceShard
internal import MillraceStorage

/// What all Kafka connections of a broker share.
final class KafkaServices: Sendable {
    let engine: Engine
    let options: BrokerOptions
    let clusterID: String
    /// Where clients are told to connect.
    let advertised: SocketAddress
    let logger: Logger
    /// By the index of the shard.
    let budgets: [ReceiveBudget]
    let quotas: ClientQuotas

    var storage: Storage { engine.storage }

    var settings: BrokerSettings {
        BrokerSettings(engine: engine, options: options, advertised: advertised)
    }

    init(
        engine: Engine, options: BrokerOptions, clusterID: String, advertised: SocketAddress,
        quotas: ClientQuotas
    ) {
        self.quotas = quotas
        self.engine = engine
        self.options = options
        self.clusterID = clusterID
        self.advertised = advertised
        logger = engine.options.logger
        budgets = engine.shards.map { ReceiveBudget(options.queuedBytesMax, on: $0) }
        loadQuotas()
    }
}
