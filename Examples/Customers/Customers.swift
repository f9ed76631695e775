import Millrace

/// All customers, rebuilt from their events.
///
/// The events of a customer have the customer's id as their key, so they are in one partition, in
/// the order in which they happened. That order alone does not save an update whose insert has
/// failed, since it could not be read, say. So each update is checked against the state: what was
/// never inserted is not updated but set aside, for somebody to look at.
struct Customers {
    /// An event that the state refuses, where it stands and why.
    struct SetAside {
        let position: RecordPosition
        let reason: String
    }

    enum Refusal: Error, CustomStringConvertible {
        case exists(String)
        case unknown(String)

        var description: String {
            switch self {
            case .exists(let id): "customer \(id) is there already"
            case .unknown(let id): "customer \(id) was never inserted"
            }
        }
    }

    private static let topic = "customers"

    private let engine: Engine
    private(set) var names: [String: String] = [:]
    private(set) var setAside: [SetAside] = []
    private(set) var eventCount = 0

    /// Replays the topic, which is made if it is not there.
    init(rebuiltFrom engine: Engine) async throws {
        self.engine = engine
        if !engine.topicNames().contains(where: { $0.string == Self.topic }) {
            // The events are the truth: they are kept for ever.
            try await engine.createTopic(
                Self.topic, partitions: 4, config: ["retention.ms": "-1"])
        }
        let partitions = try await engine.describeTopic(Self.topic).partitions
        for partition in partitions.map(\.partition) {
            for try await batch in engine.batches(of: Self.topic, partition: partition) {
                try batch.forEachRecord { record in
                    replay(record, at: RecordPosition(partition: partition, offset: record.offset))
                }
            }
        }
    }

    private mutating func replay(_ record: RecordView, at position: RecordPosition) {
        eventCount += 1
        guard let key = record.keyBytes, let id = String(validating: key, as: UTF8.self) else {
            return setAside.append(SetAside(position: position, reason: "the key is no id"))
        }
        guard let event = CustomerEvent(record.valueBytes) else {
            return setAside.append(SetAside(position: position, reason: "it cannot be read"))
        }
        do throws(Refusal) {
            try check(event, of: id)
            apply(event, to: id)
        } catch {
            setAside.append(SetAside(position: position, reason: "\(error)"))
        }
    }

    private func check(_ event: CustomerEvent, of id: String) throws(Refusal) {
        switch event {
        case .inserted: if names[id] != nil { throw .exists(id) }
        case .renamed, .removed: if names[id] == nil { throw .unknown(id) }
        }
    }

    private mutating func apply(_ event: CustomerEvent, to id: String) {
        switch event {
        case .inserted(let name), .renamed(let name): names[id] = name
        case .removed: names[id] = nil
        }
    }

    /// Checks the event against the state, appends it, and changes the state when it is on stable
    /// storage. One after the other: between the check and the append nothing else may happen to
    /// the customer, and only one owner of this value can call it at a time.
    mutating func record(_ event: CustomerEvent, of id: String) async throws -> RecordPosition {
        try check(event, of: id)
        let position = try await engine.append(
            Record(key: Array(id.utf8), value: event.value), to: Self.topic)
        apply(event, to: id)
        eventCount += 1
        return position
    }
}
