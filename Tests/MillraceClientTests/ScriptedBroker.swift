import MillraceBytes
import MillraceClient
import MillraceModel
import MillraceNativeProtocol
import MillraceRecords
import NIOCore
import NIOPosix
import Synchronization

/// A server on a real socket that answers each frame as the test says.
final class ScriptedBroker: Sendable {
    typealias Script = @Sendable (Frame, inout ByteWriter) -> Void

    let port: Int
    private let channel: any Channel
    private let received = Mutex<[Frame]>([])
    private let closedCount = Mutex(0)
    private let clients = Mutex<[any Channel]>([])

    /// What the client has sent so far.
    var frames: [Frame] { received.withLock { $0 } }

    /// `greeting` is sent when a client connects: a broker's preface, unless the test wants
    /// another.
    static func listen(
        greeting: [UInt8] = bytes { $0.writePreface() }, path: String? = nil, _ script: @escaping Script = { _, _ in }
    ) async throws -> ScriptedBroker {
        let pending = Mutex<ScriptedBroker?>(nil)
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    pending.withLock { $0 }?.clients.withLock { $0.append(channel) }
                    channel.closeFuture.whenComplete { _ in
                        pending.withLock { $0 }?.closedCount.withLock { $0 += 1 }
                    }
                    let handler = Handler(greeting: greeting, script: script) { frame in
                        pending.withLock { $0 }?.received.withLock { $0.append(frame) }
                    }
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        let channel =
            if let path {
                try await bootstrap.bind(unixDomainSocketPath: path).get()
            } else {
                try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
            }
        let broker = ScriptedBroker(channel)
        pending.withLock { $0 = broker }
        return broker
    }

    private init(_ channel: any Channel) {
        self.channel = channel
        port = channel.localAddress?.port ?? 0
    }

    /// Waits until a client has closed its connection.
    func untilClosed() async throws {
        while closedCount.withLock({ $0 }) == 0 { try await Task.sleep(for: .milliseconds(1)) }
    }

    /// How many connections there have been.
    var connectionCount: Int { clients.withLock { $0.count } }

    /// Closes all connections, as a broker that is killed does.
    func disconnect() {
        for client in clients.withLock({ $0 }) { client.close(promise: nil) }
    }

    func stop() async throws { try await channel.close().get() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private var assembler = FrameAssembler()
        private var isGreeted = false
        private let greeting: [UInt8]
        private let script: Script
        private let note: (Frame) -> Void

        init(
            greeting: [UInt8], script: @escaping Script, note: @escaping (Frame) -> Void
        ) {
            self.greeting = greeting
            self.script = script
            self.note = note
        }

        func channelActive(context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: greeting)), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            unwrapInboundIn(data).withUnsafeReadableBytes { assembler.append($0) }
            var writer = ByteWriter()
            do {
                if !isGreeted { isGreeted = try assembler.nextPreface() != nil }
                while isGreeted, let frame = try assembler.next() {
                    note(frame)
                    script(frame, &writer)
                }
            } catch {
                context.close(promise: nil)
            }
            let answer = writer.take()
            guard !answer.isEmpty else { return }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer)), promise: nil)
        }
    }
}

/// Tries with a short timeout first, so that the test is quick, and with longer ones where the
/// machine is so busy that what should come before the timeout does not: `body` throws `noAnswer`
/// then, where it should not.
func withGrowingTimeout(_ body: (Duration) async throws -> Void) async throws {
    for timeout in [Duration.milliseconds(250), .seconds(2)] {
        do {
            return try await body(timeout)
        } catch ClientError.noAnswer {
            continue
        }
    }
    try await body(.seconds(10))
}

func bytes(_ write: (inout ByteWriter) -> Void) -> [UInt8] {
    var writer = ByteWriter()
    write(&writer)
    return writer.take()
}

/// A description of a topic with so many partitions.
func description(_ name: String, partitions: Int32) -> WireTopicDescription {
    var description = WireTopicDescription()
    description.name = name
    description.id = .init(TopicID(high: 1, low: 2).bytes)
    description.partitions = (0..<partitions).map { number in
        var partition = WirePartitionDescription()
        partition.partition = number
        return partition
    }
    return description
}
