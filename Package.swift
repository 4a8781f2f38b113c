// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableExperimentalFeature("Lifetimes"),
]

let package = Package(
  name: "martlet",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Martlet", targets: ["Martlet"]),
    .library(name: "MartletWire", targets: ["Wire", "ZeroMQ"]),
    .executable(name: "martlet", targets: ["MartletCommand"]),
    .executable(name: "WordCount", targets: ["WordCount"]),
    .executable(name: "martlet-test-engine", targets: ["martlet-test-engine"]),
    .executable(name: "pickle-probe", targets: ["PickleProbe"]),
    .executable(name: "wire-probe", targets: ["WireProbe"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CZeroMQ",
      pkgConfig: "libzmq",
      providers: [.apt(["libzmq3-dev"]), .brew(["zeromq"])]
    ),
    .target(
      name: "ZeroMQ",
      dependencies: ["CZeroMQ", .product(name: "HeapModule", package: "swift-collections")],
      swiftSettings: settings
    ),
    .target(
      name: "Wire",
      dependencies: ["ZeroMQ", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: settings
    ),
    .target(
      name: "Controller",
      dependencies: [
        "Wire", "ZeroMQ",
        .product(name: "Collections", package: "swift-collections"),
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: settings
    ),
    .target(
      name: "Engine",
      dependencies: [
        "Wire", "ZeroMQ",
        .product(name: "Collections", package: "swift-collections"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: settings
    ),
    .target(
      name: "Client",
      dependencies: [
        "Wire", "ZeroMQ",
        .product(name: "Collections", package: "swift-collections"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings
    ),
    .target(
      name: "Cluster",
      dependencies: [
        "Controller", "Engine", "Client", "Wire", "ZeroMQ",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system", condition: .when(platforms: [.linux])),
      ],
      swiftSettings: settings
    ),
    .target(
      name: "Martlet",
      dependencies: ["Client", "Cluster", "Engine", "Wire", "ZeroMQ", .product(name: "Logging", package: "swift-log")],
      swiftSettings: settings
    ),
    .executableTarget(
      name: "MartletCommand",
      dependencies: [
        "Cluster", "Martlet", "Wire",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system", condition: .when(platforms: [.linux])),
      ],
      swiftSettings: settings
    ),
    .executableTarget(
      name: "WordCount",
      dependencies: ["Martlet"],
      path: "Sources/Examples/WordCount",
      swiftSettings: settings
    ),
    .executableTarget(
      name: "TaskStoreWriter", dependencies: ["Controller", "Wire"], path: "Tests/Support/TaskStoreWriter",
      swiftSettings: settings),
    .executableTarget(
      name: "martlet-test-engine",
      dependencies: ["Martlet"],
      path: "Tests/Support/TestEngine",
      swiftSettings: settings
    ),
    .testTarget(
      name: "EngineTests",
      dependencies: ["Engine", "Wire", "ZeroMQ", .product(name: "Logging", package: "swift-log")],
      swiftSettings: settings
    ),
    .testTarget(name: "ClusterTests", dependencies: ["Cluster", "Martlet"], swiftSettings: settings),
    .executableTarget(
      name: "PickleProbe", dependencies: ["Wire", "ZeroMQ"], path: "Tests/Support/PickleProbe", swiftSettings: settings),
    .executableTarget(
      name: "WireProbe", dependencies: ["Wire", "ZeroMQ"], path: "Tests/Support/WireProbe", swiftSettings: settings),
    .testTarget(name: "ZeroMQTests", dependencies: ["ZeroMQ"], swiftSettings: settings),
    .testTarget(name: "WireTests", dependencies: ["Wire", "ZeroMQ"], swiftSettings: settings),
    .testTarget(
      name: "ControllerTests",
      dependencies: [
        "Controller", "TaskStoreWriter", "Wire", "ZeroMQ", .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: settings),
    .testTarget(name: "ClientTests", dependencies: ["Client", "Wire", "ZeroMQ"], swiftSettings: settings),
    .testTarget(
      name: "IntegrationTests",
      dependencies: [
        "Client", "Controller", "Engine", "Wire", "ZeroMQ", .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),
  ]
)
