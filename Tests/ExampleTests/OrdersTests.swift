import Testing

@Suite struct OrdersTests {
    @Test func aGroupIsAQueueAndGroupsAreSubscribers() async throws {
        try await withDirectory { directory in
            let told = [
                "packers: 60 orders, 60 of them different", "mail: 60 orders", "audit: 60 orders",
            ]
            let first = try ExampleProgram("orders", [directory.path, "60"])
            #expect(try first.finish() == told)
            // Where each group had come to is kept: the next run sees its own orders only.
            let second = try ExampleProgram("orders", [directory.path, "60"])
            #expect(try second.finish() == told)
        }
    }
}
