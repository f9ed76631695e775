import Foundation
import Millrace
import NIOCore
import NIOPosix

/// A small server with the log inside: every line that a client sends becomes a record of one
/// topic, and is answered with its offset when it is on stable storage.
///
///     line-server DIRECTORY [PORT]
///     printf 'hello\nworld\n' | nc 127.0.0.1 PORT      ->  0, then 1
@main
struct LineServer {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 2 else {
            FileHandle.standardError.write(Data("usage: line-server DIRECTORY [PORT]\n".utf8))
            exit(64)
        }
        let engine = try await Engine.open(arguments[1])
        if !engine.topicNames().contains(where: { $0.string == "lines" }) {
            try await engine.createTopic("lines")
        }
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(
                host: "127.0.0.1", port: arguments.count > 2 ? Int(arguments[2]) ?? 0 : 0
            ) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        print("listening on \(server.channel.localAddress?.port ?? 0)")
        fflush(nil)
        try await withThrowingDiscardingTaskGroup { group in
            try await server.executeThenClose { clients in
                for try await client in clients {
                    // A client that goes away in the middle of a line is no reason to end the
                    // server.
                    group.addTask { try? await serve(client, engine) }
                }
            }
        }
    }

    private static func serve(
        _ client: NIOAsyncChannel<ByteBuffer, ByteBuffer>, _ engine: Engine
    ) async throws {
        try await client.executeThenClose { input, output in
            var unfinished: [UInt8] = []
            for try await buffer in input {
                unfinished += buffer.readableBytesView
                var lines = unfinished.split(
                    separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                unfinished = Array(lines.removeLast())
                guard !lines.isEmpty else { continue }
                // One append for all lines that came together: one write to the disk.
                let positions = try await engine.append(
                    lines.map { Record(value: Array($0)) }, to: "lines")
                let answer = positions.map { "\($0.offset)\n" }.joined()
                try await output.write(ByteBuffer(string: answer))
            }
        }
    }
}
