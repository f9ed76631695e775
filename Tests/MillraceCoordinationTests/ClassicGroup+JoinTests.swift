@testable import MillraceCoordination
import MillraceModel
import Testing

@Suite struct ClassicGroupJoinTests {
    private typealias Test = GroupUnderTest

    @Test func aMemberWithoutAnIDGetsOneFirst() throws {
        var test = Test()
        let first = test.join(Test.request(knownID: true), as: "a")
        #expect(test.joins[first] == .failure(.memberIDRequired(assigned: "a")))
        let second = test.join(Test.request("a", knownID: true))
        #expect(test.joins[second] == nil)
        test.pass(.milliseconds(100))
        let answer = try #require(try test.joins[second]?.get())
        #expect(answer.generation == 1)
        #expect(answer.memberID == "a")
        #expect(answer.leader == "a")
        #expect(answer.protocolType == "consumer")
        #expect(answer.protocolName == "range")
        #expect(answer.members.map(\.memberID) == ["a"])
        #expect(answer.members.map(\.metadata) == [Test.subscription("t")])
    }

    @Test func anIDThatNobodyComesBackWithExpires() {
        var test = Test()
        test.join(Test.request(knownID: true), as: "a")
        test.pass(.seconds(10))
        let late = test.join(Test.request("a"))
        #expect(test.joins[late] == .failure(.unknownMemberID(group: "g", member: "a")))
        #expect(test.group.isUnused)
    }

    @Test func theInitialRebalanceWaitsForMembersThatComeTogether() throws {
        var test = Test()
        let first = test.join(Test.request(), as: "a")
        test.pass(.milliseconds(90))
        let second = test.join(Test.request(), as: "b")
        test.pass(.milliseconds(90))
        #expect(test.joins.isEmpty)
        let third = test.join(Test.request(), as: "c")
        test.pass(.milliseconds(20))
        #expect(test.joins.isEmpty, "a member that came during the delay prolongs it")
        test.pass(.milliseconds(200))
        let leader = try #require(try test.joins[first]?.get())
        #expect(leader.members.map(\.memberID) == ["a", "b", "c"])
        for follower in [second, third] {
            let answer = try #require(try test.joins[follower]?.get())
            #expect(answer.generation == 1)
            #expect(answer.leader == "a")
            #expect(answer.members.isEmpty)
        }
    }

    @Test func theInitialRebalanceEndsWithTheRebalanceTimeout() {
        var options = GroupOptions()
        options.initialRebalanceDelay = .seconds(1)
        var test = Test(options)
        for second in 0..<10 {
            test.join(Test.request(rebalance: .seconds(4)), as: "m\(second)")
            test.pass(.milliseconds(500))
        }
        #expect(test.group.generation == 1)
    }

    @Test func aNewMemberMakesAllJoinAgain() throws {
        var test = try Test.stable(["a", "b"])
        let new = test.join(Test.request(), as: "c")
        #expect(test.group.state == .preparingRebalance)
        #expect(throws: CoordinationError.rebalanceInProgress(group: "g")) {
            try test.heartbeat("a")
        }
        test.join(Test.request("a"))
        #expect(test.joins[new] == nil)
        test.join(Test.request("b"))
        let answer = try #require(try test.joins[new]?.get())
        #expect(answer.generation == 2)
        #expect(answer.leader == "a")
    }

    @Test func whoDoesNotJoinAgainInTimeIsOut() throws {
        var test = try Test.stable(["a", "b"])
        let new = test.join(Test.request(), as: "c")
        test.join(Test.request("b"))
        for _ in 0..<12 {
            test.pass(.seconds(5))
            // It is alive and still does not join.
            try? test.heartbeat("a")
        }
        let answer = try #require(try test.joins[new]?.get())
        #expect(answer.leader == "b", "the oldest member that joined leads")
        #expect(test.group.members.inOrder.map(\.id) == ["b", "c"])
    }

    @Test func aFollowerThatJoinsAgainUnchangedGetsItsGeneration() throws {
        var test = try Test.stable(["a", "b"])
        let again = test.join(Test.request("b"))
        #expect(try #require(try test.joins[again]?.get()).generation == 1)
        #expect(test.group.state == .stable)
    }

    @Test func aLeaderThatJoinsAgainMakesAllJoinAgain() throws {
        var test = try Test.stable(["a", "b"])
        test.join(Test.request("a"))
        #expect(test.group.state == .preparingRebalance)
    }

    @Test func changedMetadataMakesAllJoinAgain() throws {
        var test = try Test.stable(["a", "b"])
        let metadata = Test.subscription("t", "u")
        test.join(
            Test.request("b", protocols: [MemberProtocol(name: "range", metadata: metadata)]))
        #expect(test.group.state == .preparingRebalance)
        test.join(Test.request("a"))
        #expect(test.group.generation == 2)
        #expect(test.group.members["b"]?.metadata(for: "range") == metadata)
    }

    @Test func aLostJoinAnswerIsGivenAgain() throws {
        var test = Test()
        test.join(Test.request(), as: "a")
        test.pass(.seconds(1))
        let again = test.join(Test.request("a"))
        let answer = try #require(try test.joins[again]?.get())
        #expect(answer.generation == 1)
        #expect(answer.members.count == 1)
    }

    @Test func whoAsksTwiceIsAnsweredTwice() throws {
        var test = try Test.stable(["a", "b"])
        test.join(Test.request(), as: "c")
        let first = test.join(Test.request("a"))
        let second = test.join(Test.request("a"))
        #expect(test.joins[first] == .failure(.rebalanceInProgress(group: "g")))
        test.join(Test.request("b"))
        #expect(try #require(try test.joins[second]?.get()).generation == 2)
    }

    @Test func protocolsHaveToBeShared() throws {
        var test = try Test.stable(["a"])
        let other = [MemberProtocol(name: "sticky", metadata: [])]
        let refused = test.join(Test.request(protocols: other), as: "b")
        #expect(test.joins[refused] == .failure(.inconsistentGroupProtocol(group: "g")))
        var connect = Test.request()
        connect.protocolType = "connect"
        let otherType = test.join(connect, as: "c")
        #expect(test.joins[otherType] == .failure(.inconsistentGroupProtocol(group: "g")))
        let none = test.join(Test.request(protocols: []), as: "d")
        #expect(test.joins[none] == .failure(.inconsistentGroupProtocol(group: "g")))
        #expect(test.group.state == .stable)
    }

    @Test func membersVoteForTheProtocol() {
        func protocols(_ names: String...) -> [MemberProtocol] {
            names.map { MemberProtocol(name: $0, metadata: []) }
        }
        var test = Test()
        test.join(Test.request(protocols: protocols("range", "sticky", "range")), as: "a")
        test.join(Test.request(protocols: protocols("sticky", "range")), as: "b")
        test.join(Test.request(protocols: protocols("mine", "sticky", "range")), as: "c")
        test.pass(.seconds(1))
        #expect(test.group.protocolName == "sticky")
    }

    @Test func aGroupHasAtMostSoManyMembers() throws {
        var options = GroupOptions()
        options.memberCountMax = 2
        var test = try Test.stable(["a", "b"], options: options)
        let third = test.join(Test.request(), as: "c")
        #expect(test.joins[third] == .failure(.groupMaxSizeReached("g", limit: 2)))
        #expect(test.group.state == .stable)
    }

    @Test func idsThatAreGivenOutTakePlaces() throws {
        var options = GroupOptions()
        options.memberCountMax = 3
        var test = try Test.stable(["a"], options: options)
        for name in ["b", "c"] {
            let join = test.join(Test.request(knownID: true), as: name)
            #expect(test.joins[join] == .failure(.memberIDRequired(assigned: name)))
        }
        let fourth = test.join(Test.request(knownID: true), as: "d")
        #expect(test.joins[fourth] == .failure(.groupMaxSizeReached("g", limit: 3)))
        let second = test.join(Test.request("b"))
        test.join(Test.request("c"))
        test.join(Test.request("a"))
        #expect(try #require(try test.joins[second]?.get()).generation == 2)
    }

    /// Somebody asks for ids and never comes back, over and over.
    @Test func idsAreNotGivenOutWithoutEnd() throws {
        var options = GroupOptions()
        options.pendingMemberCountMax = 100
        var test = Test(options)
        for number in 0..<1000 {
            let join = test.join(Test.request(knownID: true), as: "m\(number)")
            #expect(
                test.joins[join]
                    == .failure(
                        number < 100
                            ? .memberIDRequired(assigned: "m\(number)")
                            : .groupMaxSizeReached("g", limit: 100)))
        }
        #expect(test.group.pendingMembers.count == 100)
        let known = test.join(Test.request("m50"))
        test.pass(.seconds(10))
        #expect(test.group.pendingMembers.isEmpty)
        #expect(try #require(try test.joins[known]?.get()).generation == 1)
    }

    @Test func aStaticMemberOfAFullGroupComesBack() throws {
        var options = GroupOptions()
        options.memberCountMax = 2
        var test = try Test.stable(["a", "b"], instances: [nil, "i"], options: options)
        let back = test.join(Test.request(instance: "i"), as: "c")
        try test.writeNext()
        #expect(try #require(try test.joins[back]?.get()).memberID == "c")
        let other = test.join(Test.request(instance: "j"), as: "d")
        #expect(test.joins[other] == .failure(.groupMaxSizeReached("g", limit: 2)))
    }

    @Test func nobodyIsWaitedForInAllEternity() throws {
        var options = GroupOptions()
        options.rebalanceTimeoutMax = .seconds(3600)
        options.newMemberJoinTimeout = .seconds(7200)
        var test = Test(options)
        let never = Duration.milliseconds(Int64(Int32.max))
        test.join(Test.request(rebalance: never), as: "a")
        test.pass(.seconds(1))
        try test.syncAll()
        let again = test.join(Test.request("a", rebalance: never))
        #expect(try #require(try test.joins[again]?.get()).generation == 2)
        try test.syncAll()
        let new = test.join(Test.request(), as: "b")
        for _ in 0..<720 {
            // It is alive and still does not join.
            try? test.heartbeat("a")
            test.pass(.seconds(5))
        }
        #expect(try #require(try test.joins[new]?.get()).leader == "b")
        #expect(test.group.metadata().members.allSatisfy { $0.rebalanceTimeout == .seconds(60) })
    }

    @Test func strangersAreNotMembers() throws {
        var test = try Test.stable(["a"])
        let stranger = test.join(Test.request("x"))
        #expect(test.joins[stranger] == .failure(.unknownMemberID(group: "g", member: "x")))
    }

    @Test func aNewMemberIsNotWaitedForWithoutEnd() {
        var options = GroupOptions()
        options.initialRebalanceDelay = .seconds(400)
        var test = Test(options)
        let join = test.join(Test.request(rebalance: .seconds(1000)), as: "a")
        test.pass(.seconds(300))
        #expect(test.joins[join] == .failure(.unknownMemberID(group: "g", member: "a")))
    }
}
