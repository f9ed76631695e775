import Foundation
import Millrace
import Testing

@Suite struct CustomersTests {
    @Test func theStateIsRebuiltFromItsEvents() async throws {
        try await withDirectory { directory in
            let first = try ExampleProgram("customers", [directory.path])
            first.write(
                """
                insert 7 Ada
                rename 7 Ada Lovelace
                rename 8 Charles
                insert 7 Grace
                insert 9 Alan Turing
                remove 9

                """)
            #expect(
                try first.finish() == [
                    "0 customers rebuilt from 0 events", "ok", "ok",
                    "refused: customer 8 was never inserted",
                    "refused: customer 7 is there already", "ok", "ok",
                ])
            let second = try ExampleProgram("customers", [directory.path])
            second.write("list\n")
            #expect(
                try second.finish() == ["1 customers rebuilt from 4 events", "7 Ada Lovelace"])
        }
    }

    /// Another program has appended an insert that cannot be read, and an update after it: the
    /// update is not applied to a customer that was never inserted, and the others are as they were.
    @Test func anUpdateWithoutItsInsertIsSetAside() async throws {
        try await withDirectory { directory in
            let first = try ExampleProgram("customers", [directory.path])
            first.write("insert 7 Ada\n")
            try first.finish()

            let engine = try await Engine.open(
                directory.path, options: EngineOptions(shardCount: 1))
            let key = Array("8".utf8)
            let insert = try await engine.append(
                Record(key: key, value: [0xff, 0xfe]), to: "customers")
            let update = try await engine.append(
                Record(key: key, value: Array("renamed Charles".utf8)), to: "customers")
            await engine.close()
            #expect(insert.partition == update.partition && insert.offset < update.offset)

            let second = try ExampleProgram("customers", [directory.path])
            second.write("list\nproblems\ninsert 8 Charles\nrename 8 Charles Babbage\nlist\n")
            let place = { (position: RecordPosition) in
                "partition \(position.partition) offset \(position.offset)"
            }
            #expect(
                try second.finish() == [
                    "1 customers rebuilt from 3 events", "7 Ada",
                    "\(place(insert)): it cannot be read",
                    "\(place(update)): customer 8 was never inserted",
                    "ok", "ok", "7 Ada", "8 Charles Babbage",
                ])
        }
    }
}
