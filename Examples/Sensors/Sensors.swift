import Foundation
import Millrace

/// Measurements of many small producers: every device sends one reading at a time and waits until
/// it is on stable storage; the engine writes together what comes together. Then the log is read
/// back, all partitions at once, and summed up without copying a record.
///
///     sensors DIRECTORY [DEVICES] [READINGS]
@main
struct Sensors {
    private static let topic = "readings"
    private static let partitionCount: Int32 = 4

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 2 else {
            FileHandle.standardError.write(
                Data("usage: sensors DIRECTORY [DEVICES] [READINGS]\n".utf8))
            exit(64)
        }
        let devices = arguments.count > 2 ? Int(arguments[2]) ?? 0 : 1000
        let readings = arguments.count > 3 ? Int(arguments[3]) ?? 0 : 20
        let engine = try await Engine.open(arguments[1])
        if !engine.topicNames().contains(where: { $0.string == topic }) {
            // A week of measurements is enough; older segments are deleted.
            try await engine.createTopic(
                topic, partitions: partitionCount, config: ["retention.ms": "604800000"])
        }

        let started = ContinuousClock.now
        try await withThrowingDiscardingTaskGroup { group in
            for device in 0..<devices {
                group.addTask { try await send(readings, from: device, to: engine) }
            }
        }
        let seconds = started.duration(to: .now) / .seconds(1)
        print("\(devices * readings) readings in \(String(format: "%.2f", seconds)) s")

        let summaries = try await summarize(engine)
        for (device, summary) in summaries.sorted(by: { $0.key < $1.key }).prefix(3) {
            print("device \(device): \(summary)")
        }
        print("\(summaries.count) devices, \(summaries.values.reduce(0) { $0 + $1.count }) readings")
        await engine.close()
    }

    /// The device's number is the key, so that its readings stay in order.
    private static func send(_ count: Int, from device: Int, to engine: Engine) async throws {
        let key = withUnsafeBytes(of: UInt32(device).bigEndian) { [UInt8]($0) }
        for index in 0..<count {
            let reading = Reading(celsius: 20 + Double(device % 10) + Double(index) / 100)
            try await engine.append(Record(key: key, value: reading.bytes), to: topic)
        }
    }

    /// One task a partition; a device is in one partition, so the parts do not overlap.
    private static func summarize(_ engine: Engine) async throws -> [UInt32: Summary] {
        try await withThrowingTaskGroup(of: [UInt32: Summary].self) { group in
            for partition in 0..<partitionCount {
                group.addTask {
                    var summaries: [UInt32: Summary] = [:]
                    for try await batch in engine.batches(of: topic, partition: partition) {
                        try batch.forEachRecord { record in
                            guard let key = record.keyBytes, key.count == 4,
                                let reading = record.valueBytes.flatMap(Reading.init)
                            else { return }
                            let device = UInt32(bigEndian: key.loadUnaligned(as: UInt32.self))
                            summaries[device, default: Summary()].add(reading)
                        }
                    }
                    return summaries
                }
            }
            return try await group.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
        }
    }
}
