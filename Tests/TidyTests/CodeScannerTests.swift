import Testing

@Suite struct CodeScannerTests {
    @Test(arguments: [
        ("a // b", "a     "),
        ("a /* b /* c */ d */ e", "a                   e"),
        (#"let a = "b // c" + d"#, #"let a = "      " + d"#),
        (#"f("a\"b", c)"#, #"f("    ", c)"#),
        (#"f("a \(g("b", ")")) c") { }"#, #"f("                  ") { }"#),
        (##"f(#"a"b\"#, c)"##, ##"f(#"    "#, c)"##),
        ("\"\"\"\na \"b\" {\n\"\"\" + c", "\"\"\"\n       \n\"\"\" + c"),
        (#"if (c == '{' || c == '\'') {"#, #"if (c ==     ||  c ==     ) {"#),
    ])
    func onlyCodeIsLeft(text: String, code: String) {
        let scanned = CodeScanner.code(of: text)
        #expect(scanned.filter { $0 != " " } == code.filter { $0 != " " })
        #expect(scanned.utf8.count == text.utf8.count)
    }
}
