import Testing

@Suite struct OrdersTests {
    @Test func aGroupIsAQueueAndGroupsAreSubscribers() async throws {
        try await withDirectory { directory in
            let told = [
                "packers: 60 orders, 60 of them different", "mail: 60 orders", "audit: 60 orders",
            ]
            #expect(try ExampleProgram("orders", [directory.path, "60"]).finish() == told)
            // Where each group had come to is kept: the next run sees its own orders only.
            #expect(try ExampleProgram("orders", [directory.path, "60"]).finish() == told)
        }
    }
}
