// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "martlet-benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "martlet", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
  ],
  targets: [
    .executableTarget(
      name: "martlet-bench",
      dependencies: [
        .product(name: "Martlet", package: "martlet"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/MartletBench",
      swiftSettings: [.swiftLanguageMode(.v6)]
    )
  ]
)
