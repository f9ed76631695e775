import Testing

@Suite struct HouseTests {
    @Test(arguments: [
        ("Sources/MillraceStorage/A.swift", "package import MillraceShard"),
        ("Sources/MillraceRing/A.swift", "internal import CMillraceRing"),
        ("Sources/millrace/A.swift", "internal import Foundation"),
        ("Tests/MillraceBrokerTests/A.swift", "import CMillraceExecutorProbe"),
        ("Tests/MillraceShardTests/A.swift", "import Foundation"),
        ("Sources/MillraceStorage/A.swift", "// import MillraceBroker"),
    ])
    func downIsAllowed(path: String, text: String) {
        #expect(House.findings(in: SourceFile(path: path, text: text)) == [])
    }

    @Test(arguments: [
        ("Sources/MillraceStorage/A.swift", "internal import MillraceBroker"),
        ("Sources/MillraceBroker/A.swift", "internal import MillraceRing"),
        ("Sources/MillraceCoordination/A.swift", "package import struct MillraceStorage.Segment"),
        ("Sources/MillraceClient/A.swift", "import Millrace"),
        ("Sources/MillraceShard/A.swift", "internal import CMillraceRing"),
        ("Sources/MillraceRing/A.swift", "package import CMillraceRing"),
        ("Tests/MillraceShardTests/A.swift", "import CMillraceRing"),
        ("Sources/MillraceStorage/A.swift", "internal import Foundation"),
        ("Sources/MillraceModel/A.swift", "@preconcurrency import Dispatch"),
        ("Sources/MillraceNovelty/A.swift", "import MillraceModel"),
    ])
    func upAndAsideAreNot(path: String, text: String) {
        #expect(House.findings(in: SourceFile(path: path, text: "\n" + text)).map(\.line) == [2])
    }
}
