import Foundation
import Millrace

/// One topic, read in two ways. Three packers are one group, so each order is packed once: a queue. The mail and the
/// audit are a group each, so both see every order: publish and subscribe.
///
///     orders DIRECTORY [COUNT]
@main
struct Orders {
    private static let topic = "orders"

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 2, let count = arguments.count > 2 ? Int(arguments[2]) : 100, count > 0 else {
            FileHandle.standardError.write(Data("usage: orders DIRECTORY [COUNT]\n".utf8))
            exit(64)
        }
        let engine = try await Engine.open(arguments[1])
        if !engine.topicNames().contains(where: { $0.string == topic }) {
            try await engine.createTopic(topic, partitions: 6)
        }
        for number in 0..<count {
            // Without a key the partitions take turns.
            try await engine.append(Record(value: Array("order \(number)".utf8)), to: topic)
        }
        // The packers' shares depend on who was there first; that none is missing and none packed twice does not.
        async let packed = read(engine, group: "packers", members: 3, until: count)
        async let mailed = read(engine, group: "mail", members: 1, until: count)
        async let audited = read(engine, group: "audit", members: 1, until: count)
        print("packers: \(try await packed.count) orders, \(Set(try await packed).count) of them different")
        print("mail: \(try await mailed.count) orders")
        print("audit: \(try await audited.count) orders")
        await engine.close()
    }

    /// What the members of a group read together until they have so many.
    private static func read(
        _ engine: Engine, group: String, members: Int, until count: Int
    ) async throws -> [String] {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            let (orders, arrived) = AsyncStream<[String]>.makeStream()
            for _ in 0..<members {
                tasks.addTask { try await work(engine, group: group) { arrived.yield($0) } }
            }
            var all: [String] = []
            for await batch in orders {
                all += batch
                if all.count >= count { break }
            }
            // A member that is cancelled commits what it has done, leaves, and its partitions go to the others.
            tasks.cancelAll()
            while try await tasks.next() != nil {}
            return all
        }
    }

    /// One member, until its task is cancelled. Asking for the next batch says that the one before is done.
    private static func work(
        _ engine: Engine, group: String, _ done: ([String]) -> Void
    ) async throws {
        let consumer = try await engine.join(group: group, topics: [topic])
        while let next = try await consumer.next() {
            var orders: [String] = []
            try next.batch.forEachRecord { record in
                orders.append(String(decoding: record.value ?? [], as: UTF8.self))
            }
            done(orders)
        }
        try await consumer.leave()
    }
}
