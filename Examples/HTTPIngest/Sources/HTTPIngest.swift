import Foundation
import Hummingbird
import Millrace

/// An HTTP server with the log inside: what is posted is on stable storage when it is answered.
///
///     http-ingest DIRECTORY [PORT]
///     curl -X PUT 127.0.0.1:PORT/topics/clicks?partitions=4
///     printf 'one\ntwo\n' | curl --data-binary @- '127.0.0.1:PORT/topics/clicks?key=user-7'
///     curl 127.0.0.1:PORT/topics/clicks/2?offset=0
@main
struct HTTPIngest {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 2 else {
            FileHandle.standardError.write(Data("usage: http-ingest DIRECTORY [PORT]\n".utf8))
            exit(64)
        }
        let engine = try await Engine.open(arguments[1])
        let port = arguments.count > 2 ? Int(arguments[2]) ?? 0 : 0
        let application = Application(
            router: Routes(engine: engine).router(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { channel in
                print("listening on \(channel.localAddress?.port ?? 0)")
                fflush(nil)
            })
        // Returns at SIGTERM or SIGINT, when what was under way has been answered.
        do {
            try await application.runService()
        } catch {
            await engine.close()
            throw error
        }
        await engine.close()
    }
}
