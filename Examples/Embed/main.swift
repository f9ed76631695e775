import Millrace

let engine = try await Engine.open("data")
if !engine.topicNames().contains(where: { $0.string == "orders" }) {
    try await engine.createTopic("orders", partitions: 4)
}

// On stable storage when this returns. Records of one key keep their order, in one partition.
let position = try await engine.append(
    Record(key: Array("customer 7".utf8), value: Array("3 apples".utf8)), to: "orders")
print("partition \(position.partition), offset \(position.offset)")

// A batch is read as it lies on the disk, and its records borrow its memory; `value` copies.
for try await batch in engine.batches(of: "orders", partition: position.partition) {
    try batch.forEachRecord { record in
        print("\(record.offset): \(String(decoding: record.value ?? [], as: UTF8.self))")
    }
}

// Where a group goes on the next time survives a stop, too.
let topic = try TopicName("orders")
let next = position.offset.advanced(by: 1)
try await engine.commit(
    [TopicPartition(topic: topic, partition: position.partition): next], for: "shop")

await engine.close()
