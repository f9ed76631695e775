import Foundation
@testable import MillraceCoordination
import PythonInterop
import Testing

@Suite struct AssignorTests {
    private static func member(
        _ id: String, _ topics: [String], instance: String? = nil
    ) -> Assignor.Member {
        Assignor.Member(
            id: id, instanceID: instance, subscription: ConsumerSubscription(topics: topics))
    }

    private static func shares(
        _ assignor: Assignor, _ members: [Assignor.Member], _ counts: [String: Int32]
    ) -> [String: [String: [Int32]]] {
        assignor.assign(to: members, partitionCounts: counts).mapValues { assignment in
            assignment.topics.reduce(into: [:]) { $0[$1.topic] = $1.partitions }
        }
    }

    @Test func rangeGivesRunsOfEachTopic() {
        let members = ["c2", "c1"].map { Self.member($0, ["t", "u"]) }
        #expect(
            Self.shares(.range, members, ["t": 3, "u": 1])
                == ["c1": ["t": [0, 1], "u": [0]], "c2": ["t": [2]]])
    }

    @Test func roundRobinDealsAllTopicsInTurn() {
        let members = [
            Self.member("a", ["t", "u"]), Self.member("b", ["u"]), Self.member("c", ["t", "u"]),
        ]
        #expect(
            Self.shares(.roundRobin, members, ["t": 3, "u": 3])
                == ["a": ["t": [0, 2], "u": [2]], "b": ["u": [0]], "c": ["t": [1], "u": [1]]])
    }

    @Test func staticMembersComeFirst() {
        let members = [
            Self.member("a", ["t"]), Self.member("y", ["t"], instance: "1"),
            Self.member("x", ["t"], instance: "2"),
        ]
        #expect(
            Self.shares(.range, members, ["t": 3])
                == ["y": ["t": [0]], "x": ["t": [1]], "a": ["t": [2]]])
    }

    @Test(arguments: Assignor.allCases) func whatIsNotThereIsNotAssigned(assignor: Assignor) {
        let members = [Self.member("a", ["t", "missing", "t"]), Self.member("b", ["missing"])]
        #expect(
            Self.shares(assignor, members, ["t": 2, "other": 5, "missing": 0])
                == ["a": ["t": [0, 1]], "b": [:]])
        #expect(Self.shares(assignor, [], ["t": 2]) == [:])
    }

    // MARK: Against Kafka's Java client

    private struct JavaCase: Decodable {
        struct Member: Decodable {
            var id: String
            var instanceID: String?
            var topics: [String]
            var owned: [String: [Int32]]
            var generation: Int32
            var subscription: String
            var assignment: String
            var userData: String
        }

        var partitionCounts: [String: Int32]
        var members: [Member]
        var assignments: [String: [String: [String: [Int32]]]]
    }

    private static func bytes(_ hexadecimal: String) -> [UInt8] {
        let digits = Array(hexadecimal)
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)
        }
    }

    private static func byTopic(_ shares: [TopicShare]) -> [String: [Int32]] {
        shares.reduce(into: [:]) { $0[$1.topic] = $1.partitions.sorted() }
    }

    @Test(.enabled(if: PythonInterop.isAvailable, "\(PythonInterop.reason)"))
    func javaAssignsTheSame() throws {
        let seed = UInt32.random(in: 0 ... .max)
        let output = try PythonInterop.run("java_assignors.py", ["--seed", "\(seed)", "--count", "300"])
        let lines = output.split(separator: UInt8(ascii: "\n"))
        try #require(lines.count == 300)
        for line in lines {
            let given = try JSONDecoder().decode(JavaCase.self, from: line)
            var members: [Assignor.Member] = []
            for member in given.members {
                let subscription = try #require(ConsumerSubscription(Self.bytes(member.subscription)))
                #expect(subscription.topics.sorted() == member.topics.sorted())
                #expect(Self.byTopic(subscription.owned) == member.owned)
                #expect(subscription.generation == member.generation)
                #expect(subscription.encoded() == Self.bytes(member.subscription))
                let assignment = try #require(ConsumerAssignment(Self.bytes(member.assignment)))
                #expect(Self.byTopic(assignment.topics) == member.owned)
                let userData = try #require(StickyUserData(Self.bytes(member.userData)))
                #expect(Self.byTopic(userData.owned) == member.owned)
                #expect(userData.generation == member.generation)
                members.append(
                    Assignor.Member(
                        id: member.id, instanceID: member.instanceID, subscription: subscription))
            }
            for (name, wanted) in given.assignments {
                let assignor = try #require(Assignor(rawValue: name))
                #expect(
                    Self.shares(assignor, members, given.partitionCounts) == wanted,
                    "seed \(seed), \(name): \(String(decoding: line, as: UTF8.self))")
            }
        }
    }
}
