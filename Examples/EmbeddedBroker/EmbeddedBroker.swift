import Foundation
import Millrace
import MillraceBroker

/// A program that uses the log itself, and lets others use it, too: every line of its standard
/// input becomes a record, while native clients and Kafka's read and write the same topics. It ends
/// when its input does.
///
///     embedded-broker DIRECTORY TOPIC [NATIVE [KAFKA]]
///     kcat -C -b KAFKA -t TOPIC
///     millrace consume TOPIC --bootstrap NATIVE
@main
struct EmbeddedBroker {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else {
            FileHandle.standardError.write(
                Data("usage: embedded-broker DIRECTORY TOPIC [NATIVE [KAFKA]]\n".utf8))
            exit(64)
        }
        let topic = arguments[2]
        let engine = try await Engine.open(arguments[1])
        if !engine.topicNames().contains(where: { $0.string == topic }) {
            try await engine.createTopic(topic)
        }
        let server = try await EngineServer.start(
            engine, native: arguments.count > 3 ? arguments[3] : "127.0.0.1:7070",
            kafka: arguments.count > 4 ? arguments[4] : "127.0.0.1:9092")
        print("native \(server.nativeAddress ?? "none") kafka \(server.kafkaAddress ?? "none")")
        fflush(nil)
        while let line = readLine() {
            let position = try await engine.append(Record(value: Array(line.utf8)), to: topic)
            print(position.offset)
            fflush(nil)
        }
        await server.stop()
        await engine.close()
    }
}
