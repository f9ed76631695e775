import MillraceModel
import MillraceShard
import MillraceStorage
import SystemPackage
import Testing

/// The journal's files go round: each is used again when what it holds is safe elsewhere, and never
/// before.
@Suite struct JournalTests {
    @Test(arguments: [2, 3])
    func itIsRecycledManyTimes(fileCountMax: Int) async throws {
        let harness = try StorageHarness {
            $0.journalFileBytes = 1
            $0.journalFileCountMax = fileCountMax
        }
        let value = String(repeating: "j", count: 60_000)
        let count = 500
        try await harness.run(crash: true) { storage in
            _ = try await storage.create(try TopicName("t"), partitionCount: 2, config: TopicConfig())
            var tickets: [AppendTicket] = []
            for number in 0..<count {
                tickets.append(
                    try await storage.begin(["\(number) \(value)"], to: "t", Int32(number % 2)))
                if number % 10 == 9 { _ = try await tickets.last?.result() }
            }
            for ticket in tickets { _ = try await ticket.result() }
        }
        // 30 MB went through files of 2 MiB, the smallest there are.
        let journals = try harness.journals()
        #expect(journals.count <= fileCountMax)
        for journal in journals { #expect(try harness.bytes(journal).count == 2 << 20) }
        #expect(try await harness.verify().isIntact)
        try await harness.run { storage in
            for partition in 0..<2 {
                let found = try await storage.read("t", Int32(partition))
                #expect(found.map(\.0) == (0..<Int64(count / 2)).map { $0 })
                #expect(found.allSatisfy { $0.1.hasPrefix("\($0.0 * 2 + Int64(partition)) ") })
            }
        }
    }

    /// A batch larger than any run waited for ever: nothing took it, since a run had to fit first.
    @Test(arguments: Durability.allCases)
    func aBatchLargerThanARunIsWritten(durability: Durability) async throws {
        let harness = try StorageHarness()
        try await harness.run(crash: true) { storage in
            _ = try await storage.create(
                try TopicName("t"), partitionCount: 1,
                config: try config([
                    "max.message.bytes": "33554432", "millrace.durability": durability.rawValue,
                ]))
            try await storage.append(["before"], to: "t")
            try await storage.append([String(repeating: "m", count: 20 << 20)], to: "t")
            try await storage.append(["after"], to: "t")
        }
        let found = try await harness.run { try await $0.read("t") }
        #expect(found.map(\.1.count) == [6, 20 << 20, 5])
    }
}
