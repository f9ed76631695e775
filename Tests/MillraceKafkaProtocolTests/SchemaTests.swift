import Foundation
import MillraceKafkaProtocol
import Testing

/// Our layouts compared with Kafka's schemas: names, order, types, null, defaults, tags, in every version.
@Suite(
    .enabled(
        if: KafkaSchema.folder != nil,
        "set MILLRACE_KAFKA_MESSAGES to clients/src/main/resources/common/message of Apache Kafka's sources"))
struct SchemaTests {
    @Test(arguments: API.allCases)
    func layoutsAreKafkas(_ api: API) throws {
        let folder = try #require(KafkaSchema.folder)
        for message in api.messages {
            let schema = try KafkaSchema(of: "\(message)", in: folder)
            #expect(schema.key == Int(api.rawValue))
            #expect(schema.validVersions.highest == api.versions.upperBound)
            // Old producers still ask for the versions of Produce that Kafka has given up; its schema still tells them.
            if api != .produce { #expect(schema.validVersions.lowest == api.versions.lowerBound) }
            let flexible = schema.flexibleVersions
            #expect(api.firstFlexible == (flexible == .none ? nil : flexible.lowest))
            for version in api.versions {
                let ours = LayoutRecorder.lines(of: message, version: version)
                let theirs = try schema.lines(version: version)
                let difference = Self.difference(ours: ours, theirs: theirs)
                #expect(difference == nil, "\(message) version \(version)")
            }
        }
    }

    private static func difference(ours: [String], theirs: [String]) -> String? {
        guard ours != theirs else { return nil }
        let index = zip(ours, theirs).prefix { $0 == $1 }.count
        let our = index < ours.count ? ours[index] : "nothing"
        let their = index < theirs.count ? theirs[index] : "nothing"
        return "line \(index): ours \"\(our)\", Kafka's \"\(their)\""
    }
}
