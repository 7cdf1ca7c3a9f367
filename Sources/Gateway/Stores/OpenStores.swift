public import Logging

/// The trace stores there are. A new one gets a row here and joins the contract tests.
public enum TraceStoreBackend: String, Sendable, CaseIterable {
  /// A file that survives the process, `kill -9` and a power cut.
  case sqlite
  /// Nothing survives the process: for tests and trials.
  case memory

  /// Opens the store at `path` (meaningless for `memory`).
  ///
  /// - Parameter key: signs what the store says of itself
  public func open(
    path: String, key: EvidenceKey, clock: WallClock = .system, logger: Logger
  ) throws(TraceStoreError) -> any TraceStore {
    switch self {
    case .sqlite: try SQLiteTraceStore(path: path, key: key, clock: clock, logger: logger)
    case .memory: MemoryTraceStore(clock: clock)
    }
  }
}
