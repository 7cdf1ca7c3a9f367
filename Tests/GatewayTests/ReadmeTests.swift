import HTTPTypes
import Logging
import StrictJSON
import TestSupport
import Testing

@testable import Gateway

/// The README's tables say what the code does: whoever adds a setting, an endpoint or a metric adds its row.
struct ReadmeTests {
  /// The rows of the table whose head begins with this cell, each as its cells.
  private func table(_ head: String) throws -> [[String]] {
    let readme: String = try #require(Files.text(Files.root + "/README.md"))
    let lines = readme.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0.hasPrefix("| \(head) |") }, "the README has no table \(head)")
    return lines[(start + 2)...].prefix { $0.hasPrefix("|") }.map { line in
      line.split(separator: "|").map { $0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed() }
        .map { String($0) }
    }
  }

  private func code(_ cell: String) -> String { cell.filter { $0 != "`" } }

  @Test func settings() throws {
    let rows = try table("variable")
    let written = rows.map { code($0[0]) }
    #expect(Set(written) == Set(Setting.all.map(\.variable)))
    #expect(written.count == Setting.all.count)
    for setting in Setting.all {
      let row = try #require(rows.first { code($0[0]) == setting.variable })
      let fallback = code(row[1]).filter { $0 != "*" }
      #expect(fallback == setting.fallback, "\(setting.variable)")
    }
  }

  /// What the settings' list says of their defaults is what they are.
  @Test func defaults() {
    let configuration = Configuration()
    let values = [
      "host": configuration.host, "port": "\(configuration.port)", "policy_path": configuration.policyPath,
      "state_dir": configuration.stateDirectory, "log_level": configuration.logLevel.rawValue.uppercased(),
      "policy_version": configuration.policyVersion, "rate_window_seconds": "\(configuration.rateWindowSeconds)",
      "kill_grace_seconds": "\(configuration.killGraceSeconds)", "session_calls": "\(configuration.sessionCalls)",
      "approval_seconds": "\(configuration.approvalSeconds)",
      "agent_jwt_agent_claim": configuration.agentAuth.agentClaim,
    ]
    for setting in Setting.all where !setting.fallback.hasPrefix("(") && !setting.fallback.hasPrefix("<") {
      #expect(values[setting.name] == setting.fallback, "\(setting.name)")
    }
  }

  @Test func endpoints() async throws {
    var written: Set<String> = []
    for row in try table("endpoint") {
      var paths = row[0].split(separator: ",").map { code(String($0.drop { $0 == " " })) }
      // `…/deny` shares its beginning with the path before it.
      for index in paths.indices.dropFirst() where paths[index].hasPrefix("…") {
        let stem = paths[index - 1].split(separator: "/").dropLast().joined(separator: "/")
        paths[index] = "/\(stem)\(paths[index].dropFirst())"
      }
      for path in paths {
        for method in row[1].split(separator: ",") { written.insert("\(method.drop { $0 == " " }) \(path)\(key(row))") }
      }
    }
    try await GatewayFixture.run { [written] gateway async throws in
      let routes = gateway.assembly.responder.routes.routes
      let served = Set(routes.map { "\($0.method.rawValue) \($0.pattern.text)\(Self.key($0.access))" })
      #expect(written.subtracting(served).isEmpty, "in the README, not served")
      #expect(served.subtracting(written).isEmpty, "served, not in the README")
    }
  }

  private func key(_ row: [String]) -> String { row.count > 3 && !row[3].isEmpty ? " (\(row[3]))" : "" }

  private static func key(_ access: Route.Access) -> String {
    switch access {
    case .open: ""
    case .agent: " (agent)"
    case .approver: " (X-API-Key, or an approver's)"
    case .admin: " (X-API-Key)"
    case .metrics: " (a token or X-API-Key beyond loopback)"
    }
  }

  @Test func metrics() throws {
    let written = try table("metric").map { row in (code(row[0]), row[1], code(row[2])) }
    #expect(
      Set(written.map(\.0)) == Set(Metrics.families.map(\.name).filter { !$0.hasPrefix("process_") }))
    for row in written {
      let family = try #require(Metrics.families.first { $0.name == row.0 })
      #expect(row.1 == family.kind.rawValue, "\(row.0)")
      let labels = row.2.split(separator: ",").map { String($0.drop { $0 == " " }) }
      #expect(labels == family.labels, "\(row.0)")
    }
  }
}
