import Testing

@Suite struct MeasuresTests {
    private func swift(_ text: String) -> SourceFile { SourceFile(path: "A.swift", text: text) }

    private func function(_ declaration: String, lines: Int) -> String {
        let body = Array(repeating: "    if a { b(\"}\") } // }", count: lines - 2)
        return ([declaration + " {"] + body + ["}"]).joined(separator: "\n")
    }

    @Test func aLongFileIsFound() {
        let lines = { SourceFile(path: "A.swift", text: Array(repeating: "", count: $0).joined(separator: "\n")) }
        #expect(Measures.longFile(lines(700)).isEmpty)
        #expect(Measures.longFile(lines(701)).count == 1)
    }

    @Test func aLongLineIsFoundByItsCharacters() {
        let full = String(repeating: "é", count: Measures.columnsMax)
        #expect(Measures.longLines(swift(full)).isEmpty)
        #expect(Measures.longLines(swift("\n" + full + "e")).map(\.line) == [2])
    }

    @Test(arguments: ["func a()", "init(a: Int)", "    static func b<T>(c: T) -> [Int] where T: P"])
    func aLongFunctionIsFound(declaration: String) {
        #expect(Measures.longFunctions(swift(function(declaration, lines: 70))).isEmpty)
        #expect(Measures.longFunctions(swift(function(declaration, lines: 71))).count == 1)
    }

    @Test func aDeclarationOverManyLinesCounts() {
        let text = "func a(\n    b: Int = { 3 }()\n) throws {\n    c()\n}\nvar d: Int { 3 }\n"
        #expect(Functions.inSwift(swift(text)) == [0..<5])
    }

    @Test func requirementsAndCallsAreNoFunctions() {
        let text = """
            protocol P {
                func a() -> Int
                init(b: Int)
            }
            struct S {
                let c = S.init(d: { 4 })
                func e() { self.init(f: 5) }
            }
            """
        #expect(Functions.inSwift(swift(text)) == [6..<7])
    }

    @Test func aLongCFunctionIsFound() {
        let file = { SourceFile(path: "a.c", text: "int x;\n" + function("int a(int b)", lines: $0)) }
        #expect(Measures.longFunctions(file(70)).isEmpty)
        #expect(Measures.longFunctions(file(71)).map(\.line) == [2])
    }
}
