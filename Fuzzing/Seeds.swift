import FoundationEssentials
import StrictJSON

@testable import RegoLite

/// The first corpora: the texts of case files and policies, each in the folder of the targets that it suits.
enum Seeds {
  static func write(to folder: String, from files: [String]) throws {
    var policies: [String] = []
    var documents: [String] = []
    for file in files {
      let text = try String(contentsOf: URL(filePath: file), encoding: .utf8)
      if file.hasSuffix(".rego") { policies.append(text) }
      guard file.hasSuffix(".json"), let value = try? JSONValue(parsing: text) else { continue }
      guard let cases = value["cases"]?.arrayValue else {
        documents.append(text)
        continue
      }
      for item in cases {
        policies += (item["modules"]?.arrayValue ?? []).compactMap(\.stringValue)
        documents += [item["data"], item["input"], item["want_result"]].compactMap { $0?.serializedString() }
      }
    }
    try write(policies, to: folder + "/lexer")
    // The first byte chooses the version.
    try write(policies.map { "0" + $0 } + policies.prefix(100).map { "1" + $0 }, to: folder + "/parser")
    try write(documents, to: folder + "/json")
    var random = SystemRandomNumberGenerator()
    try write(
      (0..<200).map { _ in (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) } },
      to: folder + "/evaluator")
  }

  private static func write(_ texts: [String], to folder: String) throws {
    try write(texts.map { Array($0.utf8) }, to: folder)
  }

  private static func write(_ texts: [[UInt8]], to folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for (index, text) in texts.enumerated() { try Data(text).write(to: URL(filePath: "\(folder)/seed-\(index)")) }
  }
}
