import Testing

@Suite struct DocumentationTests {
    private func findings(_ text: String) -> [Int] {
        Documentation.findings(in: SourceFile(path: "Sources/A/A.swift", text: text)).map(\.line)
    }

    @Test(arguments: [
        "public func a() {}", "public struct A {}", "@discardableResult public func a() {}",
        "// No comment for users.\npublic let a = 1", "/// A.\n\npublic let a = 1",
        "public private(set) var a = 1", "@discardableResult\npublic func a() -> Int { 1 }",
    ])
    func whatHasNoCommentIsFound(text: String) {
        #expect(findings(text).count == 1)
    }

    @Test(arguments: [
        "/// A.\npublic func a() {}", "/// A.\n@discardableResult\npublic func a() -> Int { 1 }",
        "func a() {}", "package let a = 1", "public import A", "// public func a() {}",
        "public var description: String { \"\" }",
        "public static func < (left: A, right: A) -> Bool { true }",
    ])
    func otherDeclarationsAreNot(text: String) {
        #expect(findings(text) == [])
    }

    @Test func casesAndRequirementsArePublicWithTheirTypes() {
        let text = """
            /// A.
            public enum A {
                case b
                /// C.
                case c
                var d: Int {
                    switch self {
                    case .b: 1
                    case .c: 2
                    }
                }
            }
            enum E {
                case f
            }
            /// G.
            public protocol G {
                func h()
                /// I.
                var i: Int { get }
            }
            """
        #expect(findings(text) == [3, 18])
    }
}
