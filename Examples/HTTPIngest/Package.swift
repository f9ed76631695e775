// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nobody who uses Millrace fetches a web framework. Your own has the
// same dependency by Millrace's address.
let package = Package(
    name: "http-ingest",
    dependencies: [
        .package(name: "millrace", path: "../.."),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    ],
    targets: [
        .executableTarget(
            name: "http-ingest",
            dependencies: [
                .product(name: "Millrace", package: "millrace"),
                .product(name: "Hummingbird", package: "hummingbird"),
            ],
            path: "Sources")
    ]
)
