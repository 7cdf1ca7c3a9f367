/// What a scrape reads from elsewhere, as it stands at that moment.
public struct MetricsSnapshot: Sendable {
  public struct Dependency: Sendable {
    public var name: String
    public var isHealthy: Bool

    public init(_ name: String, isHealthy: Bool) {
      self.name = name
      self.isHealthy = isHealthy
    }
  }

  public struct Upstream: Sendable {
    public var name: String
    public var isUp: Bool
    /// 0 while it is down.
    public var tools: Int

    public init(_ name: String, isUp: Bool, tools: Int) {
      self.name = name
      self.isUp = isUp
      self.tools = tools
    }
  }

  public var version: String
  public var policyRevision: String
  public var dependencies: [Dependency] = []
  public var upstreams: [Upstream] = []
  /// Those that called a tool within the last five minutes.
  public var activeSessions = 0
  public var callsInFlight = 0
  /// Absent when their store can't be read.
  public var approvalsPending: Int?
  public var webhookQueueLength = 0
  public var process = ProcessStatistics()

  public init(version: String, policyRevision: String) {
    self.version = version
    self.policyRevision = policyRevision
  }
}

extension [MetricsSnapshot.Upstream] {
  /// One entry for each label that they can have, in the order of the labels' bytes: those of the same label, and those
  /// beyond `LabelTable`'s limits, are one that is up when all of them are.
  var byLabel: [MetricsSnapshot.Upstream] {
    var merged: [ExactText: MetricsSnapshot.Upstream] = [:]
    for upstream in sorted(by: { ExactText($0.name) < ExactText($1.name) }) {
      let isOwn = merged.count < LabelTable<Int>.limit && LabelTable<Int>.canBeLabel(upstream.name)
      let label = isOwn ? upstream.name : LabelTable<Int>.other
      var entry = merged[ExactText(label)] ?? MetricsSnapshot.Upstream(label, isUp: true, tools: 0)
      entry.isUp = entry.isUp && upstream.isUp
      entry.tools += upstream.tools
      merged[ExactText(label)] = entry
    }
    return merged.sorted { $0.key < $1.key }.map(\.value)
  }
}
