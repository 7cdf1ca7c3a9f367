// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
  name: "agentgate",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "RegoLite", targets: ["RegoLite"]),
    .library(name: "Gateway", targets: ["Gateway"]),
    .executable(name: "agentgate", targets: ["agentgate"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    .package(url: "https://github.com/attaswift/BigInt", from: "6.0.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0", traits: []),
    .package(url: "https://github.com/apple/swift-system", from: "1.6.0"),
  ],
  targets: [
    .target(name: "StrictJSON", swiftSettings: settings),
    .target(
      name: "JOSE",
      dependencies: [
        "StrictJSON",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "CryptoExtras", package: "swift-crypto"),
      ],
      swiftSettings: settings),
    .target(name: "JSONRPC", dependencies: ["StrictJSON"], swiftSettings: settings),
    .target(
      name: "CallExecution",
      dependencies: [
        "JSONRPC",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .target(
      name: "HTTPExchange",
      dependencies: [
        "CallExecution",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOTLS", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .target(name: "JSONSchema", dependencies: ["CRE2", "RE2", "StrictJSON"], swiftSettings: settings),
    .target(name: "CCounters"),
    .target(name: "CFonts", exclude: ["Fonts"]),
    .target(
      name: "CPages", exclude: ["Vendor", "console.html", "docs.html", "docs.js", "redoc.html", "redoc.js"]),
    .target(name: "CPolicies"),
    .target(name: "CPrimitives"),
    .target(name: "CSchemas"),
    .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),
    .target(name: "RE2", dependencies: ["CRE2"], swiftSettings: settings),
    .target(
      name: "RegoLite",
      dependencies: [
        "CPrimitives", "CRE2", "CYAML", "JOSE", "RE2", "StrictJSON",
        .product(name: "BigInt", package: "BigInt"),
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: settings),
    .systemLibrary(name: "CSQLite"),
    .systemLibrary(name: "CYAML"),
    .systemLibrary(name: "CZlib"),
    .target(name: "PDF", dependencies: ["CFonts", "CZlib"], swiftSettings: settings),
    .target(name: "SQLite", dependencies: ["CSQLite"], swiftSettings: settings),
    .target(
      name: "Gateway",
      dependencies: [
        "CPages", "CRE2", "CSchemas", "CZlib", "CallExecution", "HTTPExchange", "JOSE", "JSONRPC", "JSONSchema", "PDF",
        "RE2", "RegoLite", "SQLite", "StrictJSON",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: settings),
    .target(
      name: "DemoTools",
      dependencies: [
        "StrictJSON", "SQLite", "JSONRPC",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "agentgate",
      dependencies: [
        "CCounters", "CPolicies", "CZlib", "Gateway", "RegoLite", "DemoTools", "StrictJSON",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .target(name: "TestSupport", dependencies: ["CZlib"], path: "Tests/TestSupport", swiftSettings: settings),
    .testTarget(name: "StrictJSONTests", dependencies: ["StrictJSON", "TestSupport"], swiftSettings: settings),
    .testTarget(name: "JOSETests", dependencies: ["JOSE", "StrictJSON"], swiftSettings: settings),
    .testTarget(name: "PDFTests", dependencies: ["PDF", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "JSONSchemaTests", dependencies: ["JSONSchema", "StrictJSON", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "RegoLiteTests", dependencies: ["JOSE", "RegoLite", "StrictJSON", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "GatewayTests",
      dependencies: [
        "CallExecution", "Gateway", "DemoTools", "HTTPExchange", "JOSE", "JSONRPC", "JSONSchema", "StrictJSON",
        "SQLite",
        "TestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTesting", package: "hummingbird"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["Fixtures"],
      swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)

// `make fuzz`: the environment names libFuzzer's runtime, and what it tests counts its branches for it.
if let runtime = Context.environment["AGENTGATE_FUZZ"] {
  let instrumentation = SwiftSetting.unsafeFlags(["-sanitize=fuzzer,address", "-enable-testing"])
  for target in package.targets where ["JOSE", "StrictJSON", "RegoLite"].contains(target.name) {
    target.swiftSettings = settings + [instrumentation]
  }
  package.targets.append(
    .executableTarget(
      name: "agentgate-fuzz", dependencies: ["RegoLite", "StrictJSON"], path: "Fuzzing", exclude: ["rego.dict"],
      swiftSettings: settings + [.unsafeFlags(["-sanitize=address"])],
      linkerSettings: [.unsafeFlags(["-sanitize=address", runtime, "-lstdc++"])]))
}
