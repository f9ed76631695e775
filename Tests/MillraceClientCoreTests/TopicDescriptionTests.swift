import MillraceClientCore
import MillraceModel
import MillraceNativeProtocol
import Testing

@Suite struct TopicDescriptionTests {
    private func wire() -> WireTopicDescription {
        var wire = WireTopicDescription()
        wire.name = "orders"
        wire.id = .init(TopicID(high: 1, low: 2).bytes)
        for number: Int32 in 0..<2 {
            var partition = WirePartitionDescription()
            partition.partition = number
            partition.highWatermark = 7
            partition.readOnlyReason = number == 1 ? "the disk is full" : ""
            wire.partitions.append(partition)
        }
        var config = WireConfig()
        config.key = "retention.ms"
        config.value = "1000"
        var unknown = WireConfig()
        unknown.key = "invented.later"
        wire.configs = [config, unknown]
        return wire
    }

    @Test func whatWasReceivedIsChecked() throws {
        let description = try TopicDescription(wire())
        #expect(description.name == topic)
        #expect(description.id == TopicID(high: 1, low: 2))
        #expect(description.partitions.map(\.readOnlyReason) == [nil, "the disk is full"])
        #expect(description.config.entries == [.retentionMilliseconds: "1000"])
    }

    @Test func nonsenseIsRefused() {
        for spoil in [
            { $0.name = "no/slash" }, { $0.id.removeLast() }, { $0.partitions.swapAt(0, 1) },
        ] as [(inout WireTopicDescription) -> Void] {
            var wire = wire()
            spoil(&wire)
            #expect(throws: ClientError.self) { try TopicDescription(wire) }
        }
    }
}
