import Testing

@testable import Gateway

@Suite struct MetricsTests {
  private let metrics = Metrics()

  private func text(_ change: (inout MetricsSnapshot) -> Void = { _ in }) -> String {
    var snapshot = MetricsSnapshot(version: "1.2.3", policyRevision: "abc")
    change(&snapshot)
    return String(decoding: metrics.text(snapshot), as: UTF8.self)
  }

  /// The lines that begin so, in their order.
  private func lines(_ start: String, _ change: (inout MetricsSnapshot) -> Void = { _ in }) -> [String] {
    // By bytes: what characters combine to is the label's business.
    text(change).utf8.split(separator: UInt8(ascii: "\n")).map { String(Substring($0)) }
      .filter { $0.utf8.starts(with: start.utf8) }
  }

  @Test func everyFamilyIsThereOnceInItsOrder() {
    let names = lines("# TYPE ").map { $0.split(separator: " ")[2...].joined(separator: " ") }
    #expect(names == Metrics.families.map { "\($0.name) \($0.kind.rawValue)" })
    #expect(lines("# HELP ").count == Metrics.families.count)
  }

  @Test func namesFollowTheRules() {
    for family in Metrics.families {
      #expect(family.name.hasPrefix("agentgate_") || family.name.hasPrefix("process_"))
      #expect(family.name.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F }, "\(family.name)")
      #expect((family.kind == .counter) == family.name.hasSuffix("_total"), "\(family.name)")
      #expect((family.kind == .histogram) == family.name.hasSuffix("_duration_seconds"), "\(family.name)")
      #expect(family.help.hasSuffix("."), "\(family.name)")
    }
    #expect(Set(Metrics.families.map(\.name)).count == Metrics.families.count)
  }

  @Test func everySampleIsItsFamilys() {
    metrics.callAnswered(tool: "t", isKnown: true, action: .deny, rule: nil)
    metrics.policyDecided(.allow, rule: "r", nanoseconds: 1)
    let text = text { snapshot in
      snapshot.dependencies = [.init("d", isHealthy: true)]
      snapshot.upstreams = [.init("u", isUp: true, tools: 1)]
      snapshot.approvalsPending = 1
      snapshot.process = .read()
    }
    var family: MetricFamily?
    var seen: Set<String> = []
    for line in text.split(separator: "\n") {
      if line.hasPrefix("# TYPE ") { family = Metrics.families.first { $0.name == line.split(separator: " ")[2] } }
      guard !line.hasPrefix("#"), let family else { continue }
      let name = line.prefix { $0 != "{" && $0 != " " }
      let suffixes = family.kind == .histogram ? ["_bucket", "_sum", "_count"] : [""]
      #expect(suffixes.map { family.name + $0 }.contains(String(name)), "\(line)")
      let labels = line.drop { $0 != "{" }.dropFirst().prefix { $0 != "}" }.split(separator: ",")
        .map { String($0.prefix { $0 != "=" }) }
      #expect(labels.filter { $0 != "le" } == family.labels, "\(line)")
      seen.insert(family.name)
    }
    #if os(Linux)
      #expect(seen == Set(Metrics.families.map(\.name)))
    #endif
  }

  @Test func whatHasFixedLabelsStartsAtZero() {
    #expect(
      lines("agentgate_kill_switch_activations_total") == [
        #"agentgate_kill_switch_activations_total{level="session"} 0"#,
        #"agentgate_kill_switch_activations_total{level="tool"} 0"#,
        #"agentgate_kill_switch_activations_total{level="agent"} 0"#,
        #"agentgate_kill_switch_activations_total{level="global"} 0"#,
      ])
    #expect(
      lines("agentgate_tool_calls_total") == [
        #"agentgate_tool_calls_total{tool="unknown",decision="ALLOW"} 0"#,
        #"agentgate_tool_calls_total{tool="unknown",decision="DENY"} 0"#,
        #"agentgate_tool_calls_total{tool="unknown",decision="REQUIRE_APPROVAL"} 0"#,
      ])
    #expect(
      lines("agentgate_policy_evaluations_total") == [
        #"agentgate_policy_evaluations_total{result="DENY",rule="opa_unavailable"} 0"#
      ])
    #expect(lines("agentgate_evidence_exports_total").count == EvidenceFormat.allCases.count)
    #expect(lines("agentgate_policy_reloads_total").count == Metrics.ReloadResult.allCases.count)
    #expect(
      lines("agentgate_webhook_deliveries_total").count
        == Metrics.webhookEvents.count * Metrics.WebhookOutcome.allCases.count)
    #expect(lines("agentgate_denied_calls_total").count == Metrics.ownRules.count)
    #expect(lines("agentgate_trace_events_total") == ["agentgate_trace_events_total 0"])
    #expect(lines("agentgate_webhook_dropped_total") == ["agentgate_webhook_dropped_total 0"])
  }

  @Test func eachActMovesItsOwn() {
    let before = Set(text().split(separator: "\n"))
    func moved(_ act: () -> Void) -> [String] {
      let old = Set(text().split(separator: "\n"))
      act()
      return text().split(separator: "\n").filter { !old.contains($0) }.map(String.init)
    }
    #expect(
      moved { metrics.callAnswered(tool: "db_query", isKnown: true, action: .allow, rule: "read_only_tools") } == [
        #"agentgate_tool_calls_total{tool="db_query",decision="ALLOW"} 1"#,
        #"agentgate_tool_calls_total{tool="db_query",decision="DENY"} 0"#,
        #"agentgate_tool_calls_total{tool="db_query",decision="REQUIRE_APPROVAL"} 0"#,
        #"agentgate_rate_limit_hits_total{tool="db_query"} 0"#,
      ])
    #expect(
      moved { metrics.callAnswered(tool: "db_query", isKnown: true, action: .deny, rule: nil) } == [
        #"agentgate_tool_calls_total{tool="db_query",decision="DENY"} 1"#,
        #"agentgate_denied_calls_total{rule="none"} 1"#,
      ])
    #expect(
      moved { metrics.callAnswered(tool: "db_query", isKnown: true, action: .requireApproval, rule: "w") } == [
        #"agentgate_tool_calls_total{tool="db_query",decision="REQUIRE_APPROVAL"} 1"#
      ])
    #expect(
      moved { metrics.rateLimitHit(tool: "db_query", isKnown: true) } == [
        #"agentgate_rate_limit_hits_total{tool="db_query"} 1"#
      ])
    #expect(
      moved { metrics.policyDecided(.requireApproval, rule: "w", nanoseconds: 250_000_000) } == [
        #"agentgate_policy_evaluations_total{result="REQUIRE_APPROVAL",rule="w"} 1"#,
        #"agentgate_decision_duration_seconds_bucket{le="+Inf"} 1"#,
        "agentgate_decision_duration_seconds_sum 0.25", "agentgate_decision_duration_seconds_count 1",
      ])
    #expect(
      moved { metrics.requestAnswered(.mcp, nanoseconds: 20_000_000_000) } == [
        #"agentgate_request_duration_seconds_bucket{endpoint="mcp",le="+Inf"} 1"#,
        #"agentgate_request_duration_seconds_sum{endpoint="mcp"} 20"#,
        #"agentgate_request_duration_seconds_count{endpoint="mcp"} 1"#,
      ])
    #expect(
      moved { metrics.evidenceExported(.html) } == [#"agentgate_evidence_exports_total{format="html"} 1"#])
    #expect(moved { metrics.policyReloaded(.refused) } == [#"agentgate_policy_reloads_total{result="refused"} 1"#])
    #expect(moved { metrics.killed(.global) } == [#"agentgate_kill_switch_activations_total{level="global"} 1"#])
    #expect(moved { metrics.eventRecorded() } == ["agentgate_trace_events_total 1"])
    #expect(
      moved { metrics.webhookTried("policy.denied", .retried) } == [
        #"agentgate_webhook_deliveries_total{event="policy.denied",outcome="retried"} 1"#
      ])
    #expect(moved { metrics.webhooksDropped(3) } == ["agentgate_webhook_dropped_total 3"])
    #expect(!before.isEmpty)
  }

  @Test func theSnapshotIsShown() {
    let text = text { snapshot in
      snapshot.dependencies = [.init("opa", isHealthy: true), .init("redis", isHealthy: false)]
      snapshot.upstreams = [.init("demo", isUp: true, tools: 8), .init("crm", isUp: false, tools: 0)]
      snapshot.activeSessions = 3
      snapshot.callsInFlight = 2
      snapshot.approvalsPending = 1
      snapshot.webhookQueueLength = 4
      snapshot.process.cpuNanoseconds = 1_030_000_000
    }
    for line in [
      #"agentgate_health_status{dependency="opa"} 1"#, #"agentgate_health_status{dependency="redis"} 0"#,
      #"agentgate_upstream_up{server="crm"} 0"#, #"agentgate_upstream_up{server="demo"} 1"#,
      #"agentgate_upstream_tools{server="demo"} 8"#, "agentgate_active_sessions 3", "agentgate_calls_in_flight 2",
      "agentgate_approvals_pending 1", "agentgate_webhook_queue_length 4", "process_cpu_seconds_total 1.03",
      #"agentgate_build_info{version="1.2.3"} 1"#, #"agentgate_policy_info{revision="abc"} 1"#,
    ] { #expect(text.contains("\n\(line)\n"), "\(line)") }
    // What can't be read has no value, rather than a wrong one.
    #expect(lines("agentgate_approvals_pending").isEmpty)
    #expect(lines("process_").isEmpty)
  }

  @Test func whatIsForgedStaysInItsLabel() {
    let forged = "x\",decision=\"ALLOW\"} 1\nagentgate_health_status{dependency=\"opa\"} 0\n#\\"
    let escaped = #"x\",decision=\"ALLOW\"} 1\nagentgate_health_status{dependency=\"opa\"} 0\n#\\"#
    metrics.callAnswered(tool: forged, isKnown: true, action: .deny, rule: forged)
    metrics.rateLimitHit(tool: forged, isKnown: true)
    metrics.policyDecided(.deny, rule: forged, nanoseconds: 0)
    #expect(
      lines("agentgate_tool_calls_total{tool=\"x").first
        == "agentgate_tool_calls_total{tool=\"\(escaped)\",decision=\"ALLOW\"} 0")
    #expect(lines("agentgate_denied_calls_total{rule=\"x") == ["agentgate_denied_calls_total{rule=\"\(escaped)\"} 1"])
    #expect(
      lines("agentgate_policy_evaluations_total{result=\"DENY\",rule=\"x")
        == ["agentgate_policy_evaluations_total{result=\"DENY\",rule=\"\(escaped)\"} 1"])
    let health = lines("agentgate_health_status") { $0.dependencies = [.init(forged, isHealthy: true)] }
    #expect(health == ["agentgate_health_status{dependency=\"\(escaped)\"} 1"])
    let upstream = lines("agentgate_upstream_up") { $0.upstreams = [.init(forged, isUp: true, tools: 1)] }
    #expect(upstream == ["agentgate_upstream_up{server=\"\(escaped)\"} 1"])
  }

  @Test func namesThatLookTheSameAreCountedApart() {
    // é as one scalar and as two: `==` takes them for equal.
    metrics.callAnswered(tool: "caf\u{E9}", isKnown: true, action: .allow, rule: nil)
    metrics.callAnswered(tool: "cafe\u{301}", isKnown: true, action: .allow, rule: nil)
    #expect(lines("agentgate_tool_calls_total{tool=\"caf").filter { $0.hasSuffix(" 1") }.count == 2)
    let upstreams = lines("agentgate_upstream_up") { snapshot in
      snapshot.upstreams = [.init("caf\u{E9}", isUp: true, tools: 1), .init("cafe\u{301}", isUp: false, tools: 0)]
    }
    #expect(upstreams.count == 2)
  }

  @Test func whatNobodyKnowsIsOneSeries() {
    let before = text().split(separator: "\n").count
    for number in 0..<2_000 {
      metrics.callAnswered(tool: "made_up_\(number)", isKnown: false, action: .deny, rule: "unknown_tool")
    }
    #expect(
      lines("agentgate_tool_calls_total{tool=\"unknown\",decision=\"DENY\"}")
        == [#"agentgate_tool_calls_total{tool="unknown",decision="DENY"} 2000"#])
    // The rule's own one.
    #expect(text().split(separator: "\n").count == before + 1)
  }

  @Test func knownNamesAndRulesAreBoundedToo() {
    for number in 0..<3_000 {
      metrics.callAnswered(tool: "t\(number)", isKnown: true, action: .deny, rule: "r\(number)")
      metrics.policyDecided(.deny, rule: "r\(number)", nanoseconds: 0)
    }
    #expect(lines("agentgate_tool_calls_total").count == 3 * 1_002)
    #expect(lines("agentgate_rate_limit_hits_total").count == 1_002)
    #expect(lines("agentgate_denied_calls_total").count == 1_001 + Metrics.ownRules.count)
    #expect(lines("agentgate_policy_evaluations_total").count == 1_002)
    #expect(
      lines("agentgate_tool_calls_total{tool=\"other\"").contains {
        $0.hasSuffix(#"decision="DENY"} 2000"#)
      })
    // Those that are there are counted on.
    metrics.callAnswered(tool: "t0", isKnown: true, action: .deny, rule: "r0")
    #expect(
      lines("agentgate_tool_calls_total{tool=\"t0\"").contains(
        #"agentgate_tool_calls_total{tool="t0",decision="DENY"} 2"#))
    let upstreams = lines("agentgate_upstream_up") { snapshot in
      snapshot.upstreams = (0..<1_500).map { .init("u\($0)", isUp: $0 != 999, tools: 1) }
    }
    #expect(upstreams.count == 1_001)
    #expect(upstreams.contains(#"agentgate_upstream_up{server="other"} 0"#))
  }

  @Test func noSeriesIsThereTwice() {
    for name in ["unknown", "other", String(repeating: "x", count: 257), "none"] {
      metrics.callAnswered(tool: name, isKnown: true, action: .deny, rule: name)
      metrics.policyDecided(.deny, rule: name, nanoseconds: 0)
      metrics.webhookTried(name, .delivered)
    }
    metrics.callAnswered(tool: "?", isKnown: false, action: .deny, rule: nil)
    let servers = [String(repeating: "x", count: 257), "other", "x", "x"]
    let samples = lines("agentgate_") { snapshot in
      snapshot.upstreams = servers.map { .init($0, isUp: true, tools: 2) }
    }.map { $0[..<($0.lastIndex(of: " ") ?? $0.endIndex)] }
    #expect(Set(samples).count == samples.count)
    #expect(text().contains("\nagentgate_denied_calls_total{rule=\"other\"} 2\n"))
    #expect(text().contains("\nagentgate_denied_calls_total{rule=\"none\"} 2\n"))
  }

  @Test func nothingIsLostBetweenThreads() async {
    let (tasks, rounds) = (8, 5_000)
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<tasks {
        group.addTask { [metrics] in
          for round in 0..<rounds {
            metrics.callAnswered(tool: "t\(round % 7)", isKnown: true, action: .deny, rule: "r")
            metrics.policyDecided(.allow, rule: "r\(task)", nanoseconds: 1_000)
            metrics.requestAnswered(.toolsCall, nanoseconds: Int64(round) * 1_000)
            metrics.eventRecorded()
            if round % 1_000 == 0 { _ = metrics.text(MetricsSnapshot(version: "", policyRevision: "")) }
          }
        }
      }
    }
    let total = tasks * rounds
    let calls = (0..<7).map { tool in
      lines("agentgate_tool_calls_total{tool=\"t\(tool)\",decision=\"DENY\"}")
        .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
    }
    #expect(calls.reduce(0, +) == total)
    #expect(lines("agentgate_denied_calls_total{rule=\"r\"}") == ["agentgate_denied_calls_total{rule=\"r\"} \(total)"])
    #expect(lines("agentgate_trace_events_total") == ["agentgate_trace_events_total \(total)"])
    #expect(
      lines("agentgate_decision_duration_seconds_bucket{le=\"1e-06\"}")
        == ["agentgate_decision_duration_seconds_bucket{le=\"1e-06\"} \(total)"])
    var seconds = MetricsText()
    seconds.begin(.requestDuration)
    let sum = UInt64(tasks * (0..<rounds).reduce(0, +) * 1_000)
    seconds.histogram("tools_call", reading: .init(cumulated: [], count: 0, sumNanoseconds: sum))
    let expected = String(decoding: seconds.bytes, as: UTF8.self).split(separator: "\n").filter { $0.contains("_sum") }
    #expect(
      lines("agentgate_request_duration_seconds_sum{endpoint=\"tools_call\"}") == expected.map(String.init))
  }

  @Test(arguments: [
    ("/tools/call", MetricEndpoint.toolsCall), ("/tools/list", .toolsList), ("/mcp", .mcp),
    ("/tools/{name}/kill", .control), ("/agents/{id}/kill", .control), ("/sessions/{id}/kill", .control),
    ("/system/pause", .control), ("/system/heartbeat", .control), ("/containments/{id}", .control),
    ("/approvals", .approvals), ("/approvals/{id}/approve", .approvals), ("/sessions/{id}/evidence", .evidence),
    ("/sessions", .admin), ("/admin/tools", .admin), ("/admin/policies/reload", .admin), ("/health", .health),
    ("/metrics", .metrics), ("/docs", .other), ("/.well-known/agentgate-evidence-key", .other),
    ("/schemas/evidence-pack-v1.json", .other),
  ])
  func aRouteHasItsGroup(pattern: String, endpoint: MetricEndpoint) {
    #expect(MetricEndpoint(pattern: pattern) == endpoint)
  }

  @Test func groupsHaveNamesOfTheirOwn() {
    #expect(Set(MetricEndpoint.allCases.map(\.label)).count == MetricEndpoint.allCases.count)
    #expect(MetricEndpoint.allCases.map(\.rawValue) == Array(MetricEndpoint.allCases.indices))
  }
}
