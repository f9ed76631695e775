public import MillraceModel
internal import MillraceNativeProtocol

/// How a producer gathers records and sends them.
public struct ProducerOptions: Hashable, Sendable {
    /// How batches are compressed.
    public var compression: CompressionCodec
    /// A batch is sent before it would grow over this many bytes, uncompressed. A record that is
    /// larger makes a batch of its own.
    public var batchBytesMax: Int
    /// `send` waits while this many bytes of batches are gathered into full batches or sent, and not acknowledged.
    public var inFlightBytesMax: Int
    /// How long records wait for company. Zero sends a lone record at once, and gathers while batches are under way.
    public var linger: Duration
    /// Which batches the broker answers.
    public var acknowledgements: Acknowledgements
    /// Whether batches are numbered, so that one that is sent again after a loss is written once. Without it, a loss
    /// while batches are under way fails the producer. With `Acknowledgements.refusals` it is off.
    public var isIdempotent: Bool
    /// How long a batch is tried for, over as many connections as it takes, before the producer fails.
    public var deliveryTimeout: Duration

    /// Which batches the broker answers.
    public enum Acknowledgements: Hashable, Sendable {
        /// Every batch, when it has reached the durability of its topic.
        case all
        /// Those that are refused. What was written is known without its offsets, after a flush.
        case refusals
    }

    /// - Parameters:
    ///   - compression: how batches are compressed.
    ///   - batchBytesMax: of one batch, uncompressed.
    ///   - inFlightBytesMax: of all batches that are not acknowledged.
    ///   - linger: how long records wait for company.
    ///   - acknowledgements: which batches the broker answers.
    ///   - isIdempotent: whether batches that are sent again are written once.
    ///   - deliveryTimeout: how long a batch is tried for.
    public init(
        compression: CompressionCodec = .none, batchBytesMax: Int = 256 << 10,
        inFlightBytesMax: Int = 16 << 20, linger: Duration = .zero,
        acknowledgements: Acknowledgements = .all, isIdempotent: Bool = true,
        deliveryTimeout: Duration = .seconds(120)
    ) {
        self.compression = compression
        self.batchBytesMax = batchBytesMax
        self.inFlightBytesMax = inFlightBytesMax
        self.linger = linger
        self.acknowledgements = acknowledgements
        self.isIdempotent = isIdempotent
        self.deliveryTimeout = deliveryTimeout
    }

    /// Whether the producer needs an id.
    package var needsIdentity: Bool { isIdempotent && acknowledgements == .all }

    /// Credit that says what was consumed comes when half of a call's window has been: less than a window of room
    /// would wait for it for ever.
    var roomBytes: Int {
        acknowledgements == .all
            ? inFlightBytesMax : max(inFlightBytesMax, ReceiveCredit.callWindow)
    }
}
