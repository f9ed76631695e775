import Foundation
import Millrace
import MillraceBroker
import Testing

@Suite struct EmbeddedBrokerTests {
    /// What the program itself appends, a native client reads, and the other way round.
    @Test func theProgramsTopicsAreServed() async throws {
        try await withDirectory { directory in
            let broker = try ExampleProgram(
                "embedded-broker", [directory.path, "t", "127.0.0.1:0", "127.0.0.1:0"])
            let words = try broker.line().split(separator: " ").map(String.init)
            try #require(words.count == 4 && words[0] == "native" && words[2] == "kafka")
            broker.write("from inside\n")
            #expect(try broker.line() == "0")

            let producer = try ExampleProgram("millrace", ["produce", "t", "--bootstrap", words[1]])
            producer.write("from outside\n")
            try producer.finish()
            let consumer = try ExampleProgram(
                "millrace", ["consume", "t", "--bootstrap", words[1], "--from", "beginning"])
            #expect(try consumer.finish() == ["from inside", "from outside"])

            // Kafka's door answers: ApiVersions, version 0, is ten bytes and no client id.
            let port = try #require(words[3].split(separator: ":").last.flatMap { Int($0) })
            let kafka = try Connection(port: port)
            kafka.send(bytes: [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 5, 0xff, 0xff])
            let answer = kafka.receive(count: 10)
            #expect(answer.count >= 10)
            #expect(Array(answer.prefix(10).suffix(6)) == [0, 0, 0, 5, 0, 0])
            #expect(try broker.finish() == [])
        }
    }

    @Test func anAddressThatIsNoneIsRefused() async throws {
        try await withDirectory { directory in
            let engine = try await Engine.open(
                directory.path, options: EngineOptions(shardCount: 1))
            let error = await #expect(throws: EngineError.self) {
                try await EngineServer.start(engine, native: "nowhere", kafka: nil)
            }
            #expect(error?.kind == .invalidArgument)
            let first = try await EngineServer.start(engine, native: "127.0.0.1:0", kafka: nil)
            #expect(first.kafkaAddress == nil)
            let taken = await #expect(throws: EngineError.self) {
                try await EngineServer.start(engine, native: first.nativeAddress, kafka: nil)
            }
            #expect(taken?.kind == .io)
            #expect(taken?.description.contains("in use") == true)
            await first.stop()
            await engine.close()
        }
    }
}
