// swift-tools-version: 6.1
import PackageDescription

// Built with `-sanitize=fuzzer,address`, which the manifest can't say without unsafe flags: see `make fuzz`.

let package = Package(
  name: "fuzz",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "martlet", path: "../..")],
  targets: [
    .executableTarget(
      name: "fuzz",
      dependencies: [
        .product(name: "Martlet", package: "martlet"), .product(name: "MartletWire", package: "martlet"),
      ],
      path: "Sources",
      swiftSettings: [.swiftLanguageMode(.v6), .enableExperimentalFeature("Lifetimes")])
  ]
)
