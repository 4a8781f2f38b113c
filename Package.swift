// swift-tools-version: 6.1
import PackageDescription

// Targets have names that can't collide with those of a package that depends on this one; their folders have short
// ones.

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let collections = Target.Dependency.product(name: "Collections", package: "swift-collections")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let inMemoryTracing = Target.Dependency.product(name: "InMemoryTracing", package: "swift-distributed-tracing")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
// For code in the articles: packages that depend on this one don't get it, because no product needs it.
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(
  name: "SystemPackage", package: "swift-system", condition: .when(platforms: [.linux]))
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
  name: "martlet",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Martlet", targets: ["Martlet"]),
    .library(name: "MartletTesting", targets: ["MartletTesting"]),
    .library(name: "MartletWire", targets: ["MartletWire", "MartletZeroMQ"]),
    .executable(name: "martlet", targets: ["MartletCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CMartletZeroMQ", path: "Sources/CZeroMQ", pkgConfig: "libzmq",
      providers: [.apt(["libzmq3-dev"]), .brew(["zeromq"])]),
    .target(name: "MartletZeroMQ", dependencies: ["CMartletZeroMQ", heap], path: "Sources/ZeroMQ"),
    .target(name: "MartletWire", dependencies: ["MartletZeroMQ", crypto, logging, tracing], path: "Sources/Wire"),
    .target(
      name: "MartletController",
      dependencies: [
        "MartletWire", "MartletZeroMQ", collections, grdb, logging, serviceLifecycle, subprocess, systemPackage,
      ],
      path: "Sources/Controller",
      resources: [.embedInCode("Dask/dask_scheduler.py")]),
    .target(
      name: "MartletEngine",
      dependencies: ["MartletWire", "MartletZeroMQ", collections, logging, serviceLifecycle, tracing],
      path: "Sources/Engine",
      // One binary is all that an engine needs; PythonSources lists the files.
      resources: [.embedInCode("Python/worker")]),
    .target(
      name: "MartletTunnels",
      dependencies: ["MartletWire", "MartletZeroMQ", logging, subprocess, systemPackage],
      path: "Sources/Tunnels"),
    .target(
      name: "MartletClient",
      dependencies: ["MartletTunnels", "MartletWire", "MartletZeroMQ", collections, logging, tracing],
      path: "Sources/Client"),
    .target(
      name: "MartletCluster",
      dependencies: [
        "MartletClient", "MartletController", "MartletEngine", "MartletTunnels", "MartletWire", "MartletZeroMQ",
        logging, subprocess, systemPackage, yams,
      ],
      path: "Sources/Cluster"),
    .target(
      name: "MartletActors",
      dependencies: ["MartletClient", "MartletEngine", "MartletWire", "MartletZeroMQ", logging],
      path: "Sources/Actors"),
    .target(
      name: "Martlet",
      dependencies: [
        "MartletActors", "MartletClient", "MartletCluster", "MartletEngine", "MartletWire", "MartletZeroMQ",
        argumentParser, logging,
      ]),
    .target(
      name: "MartletTesting",
      dependencies: [
        "MartletClient", "MartletCluster", "MartletController", "MartletEngine", "MartletWire", "MartletZeroMQ", deque,
        logging,
      ],
      path: "Sources/Testing"),
    .executableTarget(
      name: "MartletCommand",
      dependencies: [
        "Martlet", "MartletCluster", "MartletWire", argumentParser, logging, subprocess, systemPackage,
      ]),
    .target(name: "MartletExampleSupport", path: "Sources/Examples/Support"),
    .executableTarget(
      name: "MartletHashFolder", dependencies: ["MartletExampleSupport", "Martlet", crypto],
      path: "Sources/Examples/HashFolder"),
    .executableTarget(
      name: "MartletKMeans", dependencies: ["MartletExampleSupport", "Martlet"], path: "Sources/Examples/KMeans"),
    .executableTarget(
      name: "MartletMonteCarlo", dependencies: ["MartletExampleSupport", "Martlet"], path: "Sources/Examples/MonteCarlo"
    ),
    .executableTarget(
      name: "MartletParameterServer", dependencies: ["MartletExampleSupport", "Martlet"],
      path: "Sources/Examples/ParameterServer"),
    .executableTarget(
      name: "MartletParameterSweep", dependencies: ["MartletExampleSupport", "Martlet"],
      path: "Sources/Examples/ParameterSweep"),
    .executableTarget(
      name: "MartletThumbnails", dependencies: ["MartletExampleSupport", "Martlet"], path: "Sources/Examples/Thumbnails"
    ),
    .executableTarget(name: "MartletWordCount", dependencies: ["Martlet"], path: "Sources/Examples/WordCount"),

    .executableTarget(
      name: "TaskStoreWriter", dependencies: ["MartletController", "MartletWire"], path: "Tests/Support/TaskStoreWriter"
    ),
    .executableTarget(name: "martlet-test-engine", dependencies: ["Martlet"], path: "Tests/Support/TestEngine"),
    .executableTarget(
      name: "command-program", dependencies: ["Martlet", argumentParser, inMemoryTracing, logging, tracing],
      path: "Tests/Support/CommandProgram"),
    .executableTarget(name: "client-driver", dependencies: ["Martlet"], path: "Tests/Support/ClientDriver"),
    .executableTarget(
      name: "pickle-probe", dependencies: ["MartletWire", "MartletZeroMQ"], path: "Tests/Support/PickleProbe"),
    .executableTarget(
      name: "wire-probe", dependencies: ["MartletWire", "MartletZeroMQ"], path: "Tests/Support/WireProbe"),
    .testTarget(name: "ZeroMQTests", dependencies: ["MartletZeroMQ"]),
    .testTarget(name: "WireTests", dependencies: ["MartletWire", "MartletZeroMQ", inMemoryTracing, tracing]),
    .testTarget(name: "TunnelsTests", dependencies: ["MartletTunnels", "MartletWire"]),
    .testTarget(
      name: "ControllerTests",
      dependencies: ["MartletController", "MartletWire", "MartletZeroMQ", "TaskStoreWriter", grdb, logging]),
    .testTarget(name: "EngineTests", dependencies: ["MartletEngine", "MartletWire", "MartletZeroMQ", logging]),
    .testTarget(
      name: "ClientTests",
      dependencies: ["MartletClient", "MartletWire", "MartletZeroMQ", inMemoryTracing, tracing]),
    .testTarget(
      name: "ActorsTests",
      dependencies: [
        "Martlet", "MartletActors", "MartletClient", "MartletTesting", "MartletWire", "MartletZeroMQ",
      ]),
    .testTarget(name: "ClusterTests", dependencies: ["Martlet", "MartletCluster"]),
    .testTarget(
      name: "MartletTests", dependencies: ["Martlet", "command-program", "martlet-test-engine", metrics]),
    .testTarget(
      name: "TestingTests", dependencies: ["Martlet", "MartletEngine", "MartletTesting", "MartletWire"]),
    .testTarget(
      name: "IntegrationTests",
      dependencies: [
        "MartletClient", "MartletController", "MartletEngine", "MartletTesting", "MartletWire", "MartletZeroMQ",
        logging, tracing,
      ]),
    // Optimized in debug builds, too: it makes 10,000 runs.
    .testTarget(
      name: "SimulationTests",
      dependencies: ["MartletClient", "MartletController", "MartletEngine", "MartletWire", "MartletZeroMQ"]),
  ]
)

for target in package.targets where target.type != .system {
  target.swiftSettings = [
    .swiftLanguageMode(.v6),
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
  ]
  if target.name == "SimulationTests" { target.swiftSettings?.append(.unsafeFlags(["-O"])) }
}
