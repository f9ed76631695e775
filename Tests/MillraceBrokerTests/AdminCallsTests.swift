import MillraceBroker
import MillraceNativeProtocol
import Testing

@Suite(.serialized) struct AdminCallsTests {
    @Test func theBrokerIsDescribedAndAltered() async throws {
        var options = BrokerOptions()
        options.nodeID = 7
        try await withBroker(options: options) { running in
            var client = try BlockingClient(port: running.port)
            let request = WireDescribeBrokerRequest()
            let described = try client.ask(.describeBroker, request, WireBrokerDescription.self)
            #expect(described.nodeID == 7)
            #expect(described.clusterID.utf8.count == 22)
            let keys = described.settings.map(\.key)
            #expect(keys == keys.sorted())
            let settings = Dictionary(uniqueKeysWithValues: described.settings.map { ($0.key, $0) })
            #expect(settings["node.id"]?.value == "7")
            #expect(settings["node.id"]?.defaultValue == "1")
            #expect(settings["node.id"]?.isReadOnly == true)
            #expect(settings["log.dirs"]?.value == running.path)
            #expect(settings["message.max.bytes"]?.isReadOnly == false)
            #expect(described.settings.allSatisfy { !$0.documentation.isEmpty })

            var alter = WireAlterBrokerRequest()
            var change = WireConfigChange()
            change.key = "message.max.bytes"
            change.value = "123456"
            alter.changes = [change]
            let altered = try client.ask(.alterBroker, alter, WireBrokerDescription.self)
            let limit = altered.settings.first { $0.key == "message.max.bytes" }
            #expect(limit?.value == "123456")
            #expect(limit?.defaultValue == settings["message.max.bytes"]?.defaultValue)
            alter.changes[0].clearValue()
            let back = try client.ask(.alterBroker, alter, WireBrokerDescription.self)
            #expect(back.settings == described.settings)
            // What is given at the start stays.
            alter.changes[0].key = "node.id"
            alter.changes[0].value = "8"
            let stream = try client.call(.alterBroker, alter)
            guard case .ended(stream, let status) = try client.next() else {
                Issue.record("no end came")
                return
            }
            #expect(status.code == .invalidArgument)
            #expect(status.details == ["config": "node.id", "value": "8"])
        }
    }

    @Test func theLogDirectoryIsDescribed() async throws {
        try await withBroker { running in
            var client = try BlockingClient(port: running.port)
            try BrokerTests.create("t", 2, on: &client)
            try BrokerTests.produce(10, to: "t", partitions: 1, on: &client)
            let described = try client.ask(
                .describeLogDirectory, WireDescribeLogDirectoryRequest(), WireLogDirectoryDescription.self)
            #expect(described.path == running.path)
            #expect(described.totalBytes >= described.usableBytes && described.usableBytes > 0)
            let sizes = described.partitions.filter { $0.topic == "t" }
            #expect(sizes.map(\.partition) == [0, 1])
            #expect(sizes.first.map { $0.sizeBytes > 600 } == true)
            #expect(sizes.last?.sizeBytes == 0)
        }
    }
}
