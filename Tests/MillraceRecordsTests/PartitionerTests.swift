import MillraceRecords
import Testing

@Suite struct PartitionerTests {
    /// The hashes are those of `UtilsTest.testMurmur2` in Kafka: -973932308 for "21", and so on.
    @Test func keysGoWhereTheJavaClientPutsThem() {
        let partitioner = Partitioner(partitionCount: 1000)
        for (key, expected) in [("", 681), ("21", 340), ("foobar", 166)] as [(String, Int32)] {
            let partition = Array(key.utf8).withUnsafeBytes { partitioner.partition(for: $0) }
            #expect(partition == expected, "\(key)")
        }
    }

    @Test func withoutAKeyOneBatchAfterAnother() {
        var partitioner = Partitioner(partitionCount: 3)
        #expect(partitioner.partition(for: nil) == 0)
        partitioner.batchSealed(1)
        #expect(partitioner.partition(for: nil) == 0)
        for expected: Int32 in [1, 2, 0] {
            partitioner.batchSealed(partitioner.sticky)
            #expect(partitioner.partition(for: nil) == expected)
        }
    }

    @Test func moreOrFewerPartitionsKeepTheNextOneInRange() {
        var partitioner = Partitioner(partitionCount: 3)
        for _ in 0..<2 { partitioner.batchSealed(partitioner.sticky) }
        #expect(partitioner.sticky == 2)
        partitioner.partitionCount = 2
        #expect(partitioner.sticky == 0)
        partitioner.partitionCount = 5
        partitioner.batchSealed(0)
        #expect(partitioner.sticky == 1)
    }
}
