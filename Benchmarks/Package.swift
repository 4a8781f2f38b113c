// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableExperimentalFeature("Lifetimes"),
]

let wire: Target.Dependency = .product(name: "MartletWire", package: "martlet")

let package = Package(
  name: "benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "martlet", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
  ],
  targets: [
    .executableTarget(
      name: "martlet-bench",
      dependencies: [
        wire,
        .product(name: "Martlet", package: "martlet"),
        .product(name: "MartletTesting", package: "martlet"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Sources/MartletBench",
      swiftSettings: settings
    ),
    .executableTarget(
      name: "engine-simulator",
      dependencies: [
        wire,
        .product(name: "Martlet", package: "martlet"),
        .product(name: "Logging", package: "swift-log"),
      ],
      // `SimulatedEngines.swift` is a link to the file of martlet-bench.
      path: "Sources/EngineSimulator",
      swiftSettings: settings
    ),
    // All but `AutoscalerBench.swift` are links to files of the cluster.
    .executableTarget(name: "autoscaler-bench", path: "Sources/AutoscalerBench", swiftSettings: settings),
    .executableTarget(
      name: "micro-bench", dependencies: ["SchedulerWorkload", wire], path: "Sources/MicroBench",
      swiftSettings: settings),
    .executableTarget(
      name: "scheduler-bench", dependencies: ["SchedulerWorkload"], path: "Sources/SchedulerBench",
      swiftSettings: settings),
    .target(
      name: "SchedulerWorkload",
      dependencies: [
        wire,
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "HeapModule", package: "swift-collections"),
      ],
      // `Scheduling` and `Collections` are links to folders of the controller.
      swiftSettings: settings
    ),
  ]
)
