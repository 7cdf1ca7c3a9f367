import StrictJSON

/// The parts of data.json that the gateway itself reads. The policy sees the whole document.
public struct PolicyData: Sendable, Equatable {
  /// `read_only_tools`, `write_tools` and `all_known_tools` are lists of names; absent, they are empty.
  public private(set) var readOnlyTools: [String] = []
  public private(set) var writeTools: [String] = []
  public private(set) var allKnownTools: [String] = []
  /// `rate_limits`: calls a window, from 1 to `highestRateLimit`. A tool that isn't named has no limit.
  public private(set) var rateLimits: [ToolName: Int] = [:]

  /// Higher than what a limit is for; it keeps one subject from filling the limiter's memory.
  public static let highestRateLimit = 100_000

  public func rateLimit(of tool: ToolName) -> Int? { rateLimits[tool] }

  /// Whether the data calls the tool a write.
  func isWrite(_ tool: ToolName) -> Bool {
    writeTools.contains { $0.utf8.elementsEqual(tool.rawValue.utf8) }
  }

  /// Whether the data knows the tool, as whatever.
  func names(_ tool: ToolName) -> Bool {
    rateLimits[tool] != nil
      || [allKnownTools, readOnlyTools, writeTools].contains { names in
        names.contains { $0.hasSameBytes(as: tool.rawValue) }
      }
  }

  /// Fails with everything that is wrong, each with its JSON path.
  init(_ document: JSONValue) throws(PolicyLoadError) {
    guard let object = document.objectValue else {
      throw PolicyLoadError(problems: [Self.problem("$", "must be an object")])
    }
    var problems: [PolicyLoadError.Problem] = []
    readOnlyTools = Self.names(object, "read_only_tools", &problems)
    writeTools = Self.names(object, "write_tools", &problems)
    allKnownTools = Self.names(object, "all_known_tools", &problems)
    rateLimits = Self.limits(object, &problems)
    guard problems.isEmpty else { throw PolicyLoadError(problems: problems) }
  }

  private static func names(
    _ object: JSONObject, _ key: String, _ problems: inout [PolicyLoadError.Problem]
  ) -> [String] {
    guard let value = object[key] else { return [] }
    guard let list = value.arrayValue else {
      problems.append(problem("$.\(key)", "must be a list of strings"))
      return []
    }
    var names: [String] = []
    for (index, element) in list.enumerated() {
      if let name = element.stringValue {
        names.append(name)
      } else {
        problems.append(problem("$.\(key)[\(index)]", "must be a string"))
      }
    }
    return names
  }

  private static func limits(
    _ object: JSONObject, _ problems: inout [PolicyLoadError.Problem]
  ) -> [ToolName: Int] {
    guard let value = object["rate_limits"] else { return [:] }
    guard let entries = value.objectValue else {
      problems.append(problem("$.rate_limits", "must be an object of numbers"))
      return [:]
    }
    var limits: [ToolName: Int] = [:]
    for (name, value) in entries.members {
      let path = JSONError.path([.key("rate_limits"), .key(name)])
      guard let tool = try? ToolName(name) else {
        problems.append(problem(path, "is no name of a tool"))
        continue
      }
      guard let limit = value.intValue, (1...highestRateLimit).contains(limit) else {
        problems.append(problem(path, "must be a whole number from 1 to \(highestRateLimit)"))
        continue
      }
      limits[tool] = limit
    }
    return limits
  }

  private static func problem(_ path: String, _ text: String) -> PolicyLoadError.Problem {
    .init(file: PolicyFolder.dataFile, code: "data_error", message: "\(path) \(text)")
  }
}
