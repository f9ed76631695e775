import Testing

@Suite struct ManifestTests {
    @Test func targetsAreReadFromTheManifest() {
        let (tests, others) = Manifest.targets(
            in: """
                .target(name: "A", path: "B"),
                .executableTarget(
                    name: "c", dependencies: ["A", .target(name: "D")]),
                .systemLibrary(name: "E"), .testTarget(name: "ATests", dependencies: ["A"]),
                """)
        #expect(tests == ["ATests"])
        #expect(others == ["A", "c", "D", "E"])
    }

    @Test func targetsAreReadFromTheTable() {
        let names = Manifest.table(
            in: """
                # A
                | `before` | no |

                ## Targets

                | target | what it is |
                |---|---|
                | `A`, `B` | both of `C` |
                | `d` | |

                ## After
                | `E` | no |
                """)
        #expect(names == ["A", "B", "d"])
    }
}
