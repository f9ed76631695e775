internal import Logging
internal import Millrace
internal import MillraceShard
internal import Synchronization

/// What all native connections of a broker share.
final class NativeServices: Sendable {
    let engine: Engine
    let options: BrokerOptions
    let logger: Logger
    private let advertised: AdvertisedAddress

    init(engine: Engine, options: BrokerOptions, advertised: AdvertisedAddress) {
        self.engine = engine
        self.options = options
        self.advertised = advertised
        logger = engine.options.logger
    }

    var settings: BrokerSettings {
        BrokerSettings(engine: engine, options: options, advertised: advertised.address)
    }
}

/// Where Kafka's clients are told to connect: known once they may.
final class AdvertisedAddress: Sendable {
    private let value = Mutex<SocketAddress?>(nil)

    var address: SocketAddress? { value.withLock { $0 } }

    func set(_ address: SocketAddress) { value.withLock { $0 = address } }
}
