import Testing

/// The repository itself against the rules that the other files here state and try.
@Suite struct RepositoryTests {
    /// Targets without a folder of tests in their name, and where their tests are instead.
    private static let testedElsewhere = [
        "MillraceRing": "MillraceShardTests drive the ring: it does nothing without a shard",
        "millrace": "CommandTests run the program",
        "millrace-sim": "MillraceSimulationTests run the program",
    ]

    private func findings(_ check: (SourceFile) -> [Finding]) -> [Finding] {
        Repository.code.flatMap(check)
    }

    @Test func theFilesAreFound() {
        #expect(Repository.files.count > 50)
        #expect(Repository.file("Sources/MillraceModel/TopicName.swift") != nil)
        #expect(Repository.file("CSources/CMillraceRing/ring.c") != nil)
        #expect(Repository.file("Scripts/test") != nil)
    }

    @Test func importsPointDown() {
        let found = findings(House.findings)
        #expect(found.isEmpty, "\(found.listing)")
    }

    @Test func nothingAboveTheShardEscapesIt() {
        let found = findings(BannedConstructs.findings)
        #expect(found.isEmpty, "\(found.listing)")
    }

    @Test func filesAreShort() {
        let long = Repository.code.filter { $0.lines.count > Measures.fileLinesAimedAt }
        for file in long.sorted(by: { $0.lines.count > $1.lines.count }) {
            print("over \(Measures.fileLinesAimedAt) lines: \(file.path), \(file.lines.count)")
        }
        let found = findings(Measures.longFile)
        #expect(found.isEmpty, "\(found.listing)")
    }

    @Test func functionsAreShort() {
        let found = findings(Measures.longFunctions)
        #expect(found.isEmpty, "\(found.listing)")
    }

    @Test func linesFitTheirColumns() {
        let found = findings(Measures.longLines)
        #expect(found.isEmpty, "\(found.listing)")
    }

    /// The targets whose public declarations an embedder or a client's program sees.
    private static let shown: Set = [
        "Millrace", "MillraceBroker", "MillraceClient", "MillraceClientCore", "MillraceModel", "MillraceNativeProtocol",
        "MillraceRecords",
    ]

    @Test func whatUsersSeeIsDocumented() {
        let found = findings(Documentation.findings).filter { finding in
            Self.shown.contains { finding.path.hasPrefix("Sources/\($0)/") }
        }
        #expect(found.isEmpty, "\(found.listing)")
    }

    @Test func nothingIsLeftForLater() {
        let found = Repository.files.filter { !$0.isGenerated }.flatMap(Unfinished.findings)
        #expect(found.isEmpty, "\(found.listing)")
    }

    @Test func readmeListsTheTargets() throws {
        let package = try #require(Repository.file("Package.swift"))
        let readme = try #require(Repository.file("README.md"))
        let targets = Manifest.targets(in: package.lines.joined(separator: "\n")).others
        let table = Manifest.table(in: readme.lines.joined(separator: "\n"))
        #expect(targets.subtracting(table).sorted() == [], "in Package.swift only")
        #expect(table.subtracting(targets).sorted() == [], "in README only")
    }

    @Test func everyTargetIsTested() {
        let tests = Set(Repository.folders(in: "Tests"))
        for target in Repository.folders(in: "Sources") {
            let isTested = tests.contains("\(target)Tests")
            let isExcepted = Self.testedElsewhere[target] != nil
            #expect(isTested != isExcepted, "\(target): tests or a reason, one of them")
        }
    }
}
