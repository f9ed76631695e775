// swift-tools-version: 6.2
import PackageDescription

/// Swift 6 mode everywhere; async functions stay on their caller's executor unless they say
/// otherwise.
let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableExperimentalFeature("Lifetimes"),
]

let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

// From the bottom of the house to its top: a target imports only what stands above it here.
var targets: [Target] = [
    .target(name: "CMillraceChecksum", path: "CSources/CMillraceChecksum"),
    .target(name: "CMillraceRing", path: "CSources/CMillraceRing"),
    .systemLibrary(name: "CLZ4", path: "CSources/CLZ4", providers: [.apt(["liblz4-dev"])]),
    .systemLibrary(
        name: "CSnappy", path: "CSources/CSnappy", providers: [.apt(["libsnappy-dev"])]),
    .systemLibrary(name: "CZlib", path: "CSources/CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", path: "CSources/CZstd", providers: [.apt(["libzstd-dev"])]),

    .target(name: "MillraceModel", swiftSettings: swift),
    .target(
        name: "MillraceBytes", dependencies: ["CMillraceChecksum", "MillraceModel"],
        swiftSettings: swift),
    .target(
        name: "MillraceRecords",
        dependencies: ["CLZ4", "CSnappy", "CZlib", "CZstd", "MillraceBytes", "MillraceModel"],
        swiftSettings: swift),
    .target(name: "MillraceRing", dependencies: ["CMillraceRing", system], swiftSettings: swift),
    .target(
        name: "MillraceShard", dependencies: ["MillraceModel", "MillraceRing", system],
        swiftSettings: swift),
    .target(
        name: "MillraceStorage",
        dependencies: [
            "MillraceBytes", "MillraceModel", "MillraceRecords", "MillraceRing", "MillraceShard",
            deque, logging, system,
        ],
        swiftSettings: swift),
    .target(
        name: "MillraceCoordination",
        dependencies: ["MillraceBytes", "MillraceModel", "MillraceShard", deque],
        swiftSettings: swift),
    .target(
        name: "Millrace",
        dependencies: [
            "MillraceBytes", "MillraceCoordination", "MillraceModel", "MillraceRecords",
            "MillraceShard", "MillraceStorage", logging, system,
        ],
        swiftSettings: swift),
    .target(
        name: "MillraceNativeProtocol",
        dependencies: ["MillraceBytes", "MillraceModel", protobuf],
        exclude: ["Protos"], swiftSettings: swift),
    .target(
        name: "MillraceKafkaProtocol", dependencies: ["MillraceBytes", "MillraceModel"],
        swiftSettings: swift),
    .target(
        name: "MillraceClientCore",
        dependencies: [
            "MillraceBytes", "MillraceModel", "MillraceNativeProtocol", "MillraceRecords", deque,
            protobuf,
        ],
        swiftSettings: swift),
    .target(
        name: "MillraceBroker",
        dependencies: [
            "Millrace", "MillraceBytes", "MillraceCoordination", "MillraceKafkaProtocol",
            "MillraceModel", "MillraceNativeProtocol", "MillraceRecords", "MillraceShard",
            "MillraceStorage", deque, logging, protobuf, system,
        ],
        swiftSettings: swift),
    .target(
        name: "MillraceClient",
        dependencies: [
            "MillraceBytes", "MillraceClientCore", "MillraceModel", "MillraceNativeProtocol",
            "MillraceRecords", lifecycle, logging, metrics, nio, nioPosix, protobuf, system,
        ],
        swiftSettings: swift),
    .executableTarget(
        name: "millrace",
        dependencies: [
            "Millrace", "MillraceBroker", "MillraceClient", "MillraceCoordination", "MillraceModel",
            "MillraceShard", "MillraceStorage", arguments, lifecycle, logging, system,
        ],
        swiftSettings: swift),
]

// Examples are built and run by ExampleTests. The one with a web framework, Examples/HTTPIngest, is
// a package of its own.
targets += [
    .executableTarget(
        name: "embed", dependencies: ["Millrace"], path: "Examples/Embed", swiftSettings: swift),
    .executableTarget(
        name: "customers", dependencies: ["Millrace"], path: "Examples/Customers",
        swiftSettings: swift),
    .executableTarget(
        name: "sensors", dependencies: ["Millrace"], path: "Examples/Sensors", swiftSettings: swift),
    .executableTarget(
        name: "orders", dependencies: ["Millrace"], path: "Examples/Orders", swiftSettings: swift),
    .executableTarget(
        name: "embedded-broker", dependencies: ["Millrace", "MillraceBroker"],
        path: "Examples/EmbeddedBroker", swiftSettings: swift),
    .executableTarget(
        name: "line-server", dependencies: ["Millrace", nio, nioPosix],
        path: "Examples/LineServer", swiftSettings: swift),
]

// The simulated world, in which the production code runs from a seed.
targets += [
    .target(name: "CMillraceSimulation", path: "CSources/CMillraceSimulation"),
    .target(
        name: "MillraceSimulation",
        dependencies: [
            "CMillraceSimulation", "MillraceModel", "MillraceRing", "MillraceShard", system,
        ],
        swiftSettings: swift),
    .executableTarget(
        name: "millrace-sim",
        dependencies: [
            "Millrace", "MillraceBroker", "MillraceBytes", "MillraceClientCore",
            "MillraceCoordination", "MillraceModel", "MillraceNativeProtocol", "MillraceRecords",
            "MillraceShard", "MillraceSimulation", "MillraceStorage", arguments, logging, protobuf,
            system,
        ],
        swiftSettings: swift),
]

// Tests/<Target>Tests mirrors Sources/<Target>.
targets += [
    .target(name: "CMillraceExecutorProbe", path: "CSources/CMillraceExecutorProbe"),
    .target(
        name: "CMillraceAllocationProbe", path: "CSources/CMillraceAllocationProbe"),
    .target(
        name: "PythonInterop", dependencies: ["MillraceModel"], path: "Tests/PythonInterop",
        swiftSettings: swift),
    .testTarget(name: "MillraceModelTests", dependencies: ["MillraceModel"], swiftSettings: swift),
    .testTarget(
        name: "MillraceBytesTests", dependencies: ["MillraceBytes"], swiftSettings: swift),
    .testTarget(
        name: "MillraceRecordsTests",
        dependencies: ["MillraceBytes", "MillraceModel", "MillraceRecords", "PythonInterop"],
        swiftSettings: swift),
    .testTarget(
        name: "MillraceShardTests", dependencies: ["MillraceModel", "MillraceShard", system],
        swiftSettings: swift),
    .testTarget(
        name: "MillraceStorageTests",
        dependencies: [
            "MillraceBytes", "MillraceModel", "MillraceRecords", "MillraceShard",
            "MillraceStorage", "PythonInterop", logging, system,
        ],
        swiftSettings: swift),
    .testTarget(
        name: "MillraceCoordinationTests",
        dependencies: [
            "MillraceBytes", "MillraceCoordination", "MillraceModel", "MillraceShard",
            "MillraceSimulation", "PythonInterop", system,
        ],
        swiftSettings: swift),
    .testTarget(
        name: "MillraceTests",
        dependencies: [
            "CMillraceAllocationProbe", "Millrace", "MillraceCoordination", "MillraceStorage",
        ],
        swiftSettings: swift),
    .testTarget(
        name: "MillraceNativeProtocolTests",
        dependencies: ["MillraceBytes", "MillraceModel", "MillraceNativeProtocol", protobuf],
        swiftSettings: swift),
    .testTarget(
        name: "MillraceKafkaProtocolTests",
        dependencies: [
            "MillraceBytes", "MillraceKafkaProtocol", "MillraceModel", "PythonInterop",
        ],
        swiftSettings: swift),
    .testTarget(
        name: "MillraceClientCoreTests",
        dependencies: [
            "MillraceBytes", "MillraceClientCore", "MillraceModel", "MillraceNativeProtocol",
            "MillraceRecords", protobuf,
        ],
        swiftSettings: swift),
    .testTarget(
        name: "MillraceClientTests",
        dependencies: [
            "Millrace", "MillraceBroker", "MillraceBytes", "MillraceClient", "MillraceModel",
            "MillraceNativeProtocol", "MillraceRecords", "MillraceShard", lifecycle, logging,
            nio, nioPosix, protobuf,
        ],
        swiftSettings: swift),
    .testTarget(
        name: "MillraceSimulationTests",
        dependencies: [
            "Millrace", "MillraceBytes", "MillraceModel", "MillraceRecords", "MillraceShard",
            "MillraceSimulation", "MillraceStorage", "millrace-sim", logging, system,
        ],
        swiftSettings: swift),
    .testTarget(
        name: "MillraceBrokerTests",
        dependencies: [
            "CMillraceExecutorProbe", "Millrace", "MillraceBroker", "MillraceBytes",
            "MillraceClientCore", "MillraceCoordination", "MillraceKafkaProtocol", "MillraceModel",
            "MillraceNativeProtocol", "MillraceRecords", "MillraceShard", "PythonInterop", protobuf,
            system,
        ],
        swiftSettings: swift),
    .executableTarget(
        name: "broker-kills", dependencies: ["MillraceClient", arguments], path: "Tests/BrokerKills",
        swiftSettings: swift),
    .executableTarget(
        name: "compaction-memory",
        dependencies: ["Millrace", "MillraceModel", "MillraceShard", "MillraceStorage", arguments, logging],
        path: "Tests/CompactionMemory", swiftSettings: swift),
    .testTarget(
        name: "CommandTests", dependencies: ["broker-kills", "compaction-memory", "millrace"],
        swiftSettings: swift),
    .testTarget(
        name: "KafkaClientTests", dependencies: ["PythonInterop", "millrace"],
        swiftSettings: swift),
    .testTarget(
        name: "StrangerTests", dependencies: ["PythonInterop", "millrace"], swiftSettings: swift),
    .testTarget(name: "TidyTests", swiftSettings: swift),
    .testTarget(
        name: "ExampleTests",
        dependencies: [
            "Millrace", "MillraceBroker", "customers", "embed", "embedded-broker", "line-server",
            "millrace", "orders", "sensors",
        ],
        swiftSettings: swift),
]

// libFuzzer's main program: it links under -sanitize=fuzzer alone, as Scripts/fuzz builds it.
if Context.environment["MILLRACE_SANITIZE"] == "fuzzer" {
    targets += [
        .systemLibrary(name: "CLibFuzzer", path: "CSources/CLibFuzzer"),
        .executableTarget(
            name: "NativeProtocolFuzzer",
            dependencies: [
                "CLibFuzzer", "MillraceBytes", "MillraceClientCore", "MillraceModel",
                "MillraceNativeProtocol", "MillraceRecords", protobuf,
            ],
            path: "Tests/NativeProtocolFuzzer", exclude: ["Corpus"], swiftSettings: swift),
    ]
}

let package = Package(
    name: "millrace",
    products: [
        .executable(name: "millrace", targets: ["millrace"]),
        .library(name: "Millrace", targets: ["Millrace"]),
        .library(name: "MillraceBroker", targets: ["MillraceBroker"]),
        .library(name: "MillraceClient", targets: ["MillraceClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: targets
)

// A sanitizer instruments all it compiles, so Scripts/test sets MILLRACE_SANITIZE for those builds:
// only these suites and the targets under them are left, no transport, server or command line.
let sanitizedSuites = [
    "MillraceBytesTests", "MillraceClientCoreTests", "MillraceKafkaProtocolTests",
    "MillraceNativeProtocolTests", "MillraceRecordsTests", "MillraceShardTests",
    "MillraceStorageTests",
]

func targetDependencies(of target: Target) -> [String] {
    target.dependencies.compactMap { dependency in
        switch dependency {
        case .byNameItem(let name, _), .targetItem(let name, _): name
        default: nil
        }
    }
}

if let sanitizer = Context.environment["MILLRACE_SANITIZE"] {
    var kept = Set<String>()
    var pending = sanitizer == "fuzzer" ? ["NativeProtocolFuzzer"] : sanitizedSuites
    while let name = pending.popLast() {
        guard kept.insert(name).inserted else { continue }
        let target = package.targets.first { $0.name == name }
        pending += target.map(targetDependencies(of:)) ?? []
    }
    package.targets.removeAll { !kept.contains($0.name) }
    package.products = []
}
