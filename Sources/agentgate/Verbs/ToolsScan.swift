import FoundationEssentials
import Gateway
import StrictJSON

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `agentgate tools scan FILE…`: looks for hidden instructions in tool definitions.
///
/// A file holds one definition of a tool or prompt, an array of them, or a `tools/list` or `prompts/list` result with or
/// without its JSON-RPC envelope. Prints a line of JSON for each file:
/// `{"file": …, "findings": [{"rule", "severity", "path", "excerpt", "message"}]}`, paths counting from the file's root.
///
/// Returns the exit code: 0 when nothing of severity `failing` or above was found, 1 when something was, 2 when a file
/// can't be read.
func toolsScan(files: [String], failing: ToolFinding.Severity = .high) -> Int32 {
  var exitCode: Int32 = 0
  for file in files {
    do throws(ToolsScanProblem) {
      let findings = try ToolsScanProblem.findings(inFile: file)
      print(
        (["file": .string(file), "findings": .array(findings.map(ToolsScanProblem.json))] as JSONValue)
          .serializedString())
      if exitCode == 0, findings.contains(where: { $0.severity >= failing }) { exitCode = 1 }
    } catch {
      var line = "agentgate: \(error.message)\n"
      line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
      exitCode = 2
    }
  }
  return exitCode
}

/// A file that can't be scanned.
private struct ToolsScanProblem: Error {
  let message: String

  static func findings(inFile file: String) throws(ToolsScanProblem) -> [ToolFinding] {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw ToolsScanProblem(message: "\(file): the file cannot be read")
    }
    do throws(JSONError) {
      let document = try JSONValue(parsing: Array(data))
      return definitions(in: document).flatMap { path, definition in
        ToolScan.findings(in: definition).map { finding in
          var finding = finding
          finding.path = path + finding.path.dropFirst()
          return finding
        }
      }
    } catch {
      throw ToolsScanProblem(message: "\(file):\(error.line):\(error.column): \(error.message)")
    }
  }

  /// The parts that are scanned on their own, each with its path: the limit on findings is for one definition.
  private static func definitions(in document: JSONValue) -> [(path: String, definition: JSONValue)] {
    if let elements = document.arrayValue {
      return elements.enumerated().map { ("$[\($0.offset)]", $0.element) }
    }
    let isEnvelope = document["result"]?.objectValue != nil
    let root = isEnvelope ? "$.result" : "$"
    let list = isEnvelope ? document["result"] ?? document : document
    for key in ["tools", "prompts", "resources", "resourceTemplates"] {
      guard let elements = list[key]?.arrayValue else { continue }
      var rest = list
      rest[key] = nil
      return [(root, rest)] + elements.enumerated().map { ("\(root).\(key)[\($0.offset)]", $0.element) }
    }
    return [("$", document)]
  }

  static func json(_ finding: ToolFinding) -> JSONValue {
    [
      "rule": .string(finding.rule), "severity": .string(finding.severity.rawValue), "path": .string(finding.path),
      "excerpt": .string(finding.excerpt), "message": .string(finding.message),
    ]
  }
}
