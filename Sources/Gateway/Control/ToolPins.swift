public import Logging
public import StrictJSON
import Synchronization

/// Remembers the definition that each tool had when it was first seen. A tool whose definition changes later, and the
/// tools of a server that wasn't there at the first start, are quarantined until an operator approves them.
///
/// The pins lie in a file (`ToolPinFile`). Several processes may change it at once: each re-reads it under a lock
/// before it writes. What can't be read denies: while the file is malformed, unreadable or was taken away no tool is as
/// it was pinned, and no change overwrites what is there.
///
/// What isn't said to answer from memory blocks while it reads and writes the file: not for the threads that Swift's
/// tasks share.
public final class ToolPins: Sendable {
  /// What a definition that a server lists is worth.
  public enum Standing: Sendable, Equatable {
    /// As it was pinned.
    case pinned
    /// Not what was pinned: quarantined.
    case changed
    /// Never pinned, on a server that is new since the first start: quarantined.
    case newServer
    /// It can't be told, for the reason given (for the log: it may name files): quarantined.
    case unavailable(String)
  }

  /// A tool as its server lists it.
  public struct Tool: Sendable, Equatable {
    /// In bytes of canonical JSON. A larger definition can't be pinned.
    public static let maximumSize = 256 << 10

    public let server: String
    /// The server's own for it.
    public let name: String
    /// The members that count (`ToolFingerprint`).
    public let definition: JSONValue
    public let fingerprint: String

    /// Fails when the definition has no name that a tool could have, or is too large or too deep to be kept.
    public init(server: String, definition: JSONValue) throws(ToolPinError) {
      guard let text = definition["name"]?.stringValue, let name = try? ToolName(text) else {
        throw ToolPinError(.unusable, "its name is not a text of 1 to \(ToolName.maximumLength) characters")
      }
      let relevant = ToolFingerprint.relevant(definition)
      guard Self.isShallow(relevant) else { throw ToolPinError(.unusable, "its definition is nested too deeply") }
      guard relevant.serialized().count <= Self.maximumSize else {
        throw ToolPinError(.unusable, "its definition has more than \(Self.maximumSize) bytes")
      }
      self.server = server
      self.name = name.rawValue
      self.definition = relevant
      fingerprint = ToolFingerprint.hash(relevant)
    }

    /// Whatever came through the strict reader is.
    private static func isShallow(_ value: JSONValue) -> Bool {
      var level = [value]
      for _ in 0...JSONReadingOptions.strict.maximumDepth {
        level = level.flatMap { $0.arrayValue ?? $0.objectValue?.members.map(\.value) ?? [] }
        if level.isEmpty { return true }
      }
      return false
    }
  }

  /// A tool in the file.
  public struct Entry: Sendable, Equatable {
    public struct Version: Sendable, Equatable {
      public let fingerprint: String
      /// Since when, as `ISOTimestamp` writes it.
      public let since: String
    }

    public let server: String
    /// The server's own for it.
    public let name: String
    /// Never `unavailable`.
    public let standing: Standing
    /// Absent when no definition was ever pinned.
    public let pinned: Version?
    /// What the server lists now and an operator may approve; absent unless the tool is quarantined.
    public let pending: Version?
    /// From what is pinned to what is pending; absent unless the tool is quarantined.
    public let difference: ToolDifference?
  }

  private struct Memory {
    /// What the file says, as last read or written.
    var file = ToolPinFile()
    /// Why the file can't be relied on.
    var problem: String? = Memory.unread
    /// Counts the contents.
    var revision: UInt64 = 0
    static let unread = "the file of tool pins has not been read"

    mutating func take(_ new: ToolPinFile) {
      if problem != nil || new.servers != file.servers { revision += 1 }
      (file, problem) = (new, nil)
    }
  }

  private struct Disk {
    /// What the file was when `Memory.file` was taken from it; nil when it must be read again.
    var stamp: StateFile.Stamp?
    /// It has been there: that it is missing is no first start any more.
    var wasThere = false
    /// A write failed half-way: what the file says may not last, although it says the right thing.
    var mustWrite = false
    /// What servers listed, and could not be taken into the file.
    var missed: [ExactText: (tools: [Tool], trusted: Bool)] = [:]
    /// When taking in what was missed was last tried.
    var lastAttempt = ContinuousClock.now
  }

  /// How long another process may hold the lock before a change fails.
  private static let lockMilliseconds = 1_000
  private static let watchInterval = Duration.milliseconds(200)
  private static let retryInterval = Duration.seconds(2)

  private let path: String
  private let lockPath: String
  private let serversOfFirstStart: [String]
  private let clock: WallClock
  private let logger: Logger
  private let watching = BlockingQueue(label: "agentgate.tool-pins")
  private let memory = Mutex(Memory())
  private let disk = Mutex(Disk())
  /// By server, what was last logged as quarantined.
  private let reported = Mutex<[ExactText: [String]]>([:])

  /// Reads the file, blocking; it is written when the first server lists its tools. The lock is beside it: `tools.lock`
  /// for `tools.json`.
  ///
  /// - Parameter serversOfFirstStart: Those that are configured. While the file has never been written they are known
  ///   servers, along with the one that is the first to list its tools.
  public init(
    file path: String, serversOfFirstStart: [String] = [], clock: WallClock = .system, logger: Logger
  ) {
    self.path = path
    lockPath = (path.hasSuffix(".json") ? String(path.dropLast(5)) : path) + ".lock"
    self.serversOfFirstStart = serversOfFirstStart
    self.clock = clock
    self.logger = logger
    // `read` has noted what is wrong.
    disk.withLock { disk in _ = try? read(&disk) }
  }

  /// Called each time a server has listed its tools, with all of them as they came: pins those that are new on a known
  /// server, notes those that are quarantined, and frees those that are again as they were pinned. A tool that is
  /// listed no more keeps its pin. On return all of that is for good, or the standings say what isn't.
  ///
  /// - Parameter trusted: whatever comes is pinned, changed or not
  /// - Returns: the standing of each definition, in order
  public func observe(server: String, tools: [JSONValue], trusted: Bool) -> [Standing] {
    let read = Self.tools(server, tools)
    let usable = read.compactMap { try? $0.get() }
    disk.withLock { disk in
      do throws(ToolPinError) {
        try take(usable, of: server, trusted: trusted, &disk)
        disk.missed[ExactText(server)] = nil
      } catch {
        disk.missed[ExactText(server)] = (usable, trusted)
      }
    }
    let standings = standings(of: read)
    report(zip(tools, standings).filter { $0.1 != .pinned }, of: server)
    return standings
  }

  /// The standing of each definition, in order, from memory: for what was observed before, when pins have changed.
  public func standings(server: String, tools: [JSONValue]) -> [Standing] {
    standings(of: Self.tools(server, tools))
  }

  /// Why the file can't be relied on, for the operator: names the file and the place in it. From memory.
  public var problem: String? { memory.withLock { $0.problem } }

  /// Ascending by server, then by name; none while the file can't be relied on. From memory.
  public var entries: [Entry] {
    let file = memory.withLock { $0.problem == nil ? $0.file : ToolPinFile() }
    return file.servers.sorted { $0.key < $1.key }.flatMap { server, record in
      record.tools.sorted { $0.key < $1.key }.map { Entry(server: server.text, name: $0.key.text, $0.value) }
    }
  }

  /// The one server that has a quarantined tool of this name. From memory.
  public func server(withQuarantined tool: String) throws(ToolPinError) -> String {
    let file = try usable()
    let names = file.servers.filter { $0.value.tools[ExactText(tool)] != nil }.keys.sorted()
    let quarantined = names.filter { file.servers[$0]?.tools[ExactText(tool)]?.pending != nil }
    if quarantined.count == 1, let server = quarantined.first { return server.text }
    guard let first = names.first else {
      throw ToolPinError(.unknown, "no server has a tool \(VisibleText.quoted(tool))")
    }
    guard quarantined.isEmpty else {
      let list = quarantined.map { VisibleText.quoted($0.text) }.joined(separator: ", ")
      throw ToolPinError(
        .ambiguous, "tool \(VisibleText.quoted(tool)) is quarantined on the servers \(list): say which")
    }
    throw .notQuarantined(first.text, tool)
  }

  /// Pins what is pending. For good on return.
  ///
  /// - Parameter fingerprint: of the definition that the operator has seen; when it isn't what is pending by now, the
  /// tool
  ///   stays quarantined. Absent, whatever is pending is approved.
  @discardableResult
  public func approve(server: String, tool: String, fingerprint: String? = nil) throws(ToolPinError) -> Entry {
    let now = clock.nowText
    let approved: Entry? = try disk.withLock { disk throws(ToolPinError) in
      var approved: Entry?
      try change(&disk) { file throws(ToolPinError) in
        guard let entry = file.servers[ExactText(server)]?.tools[ExactText(tool)] else {
          throw ToolPinError(
            .unknown, "server \(VisibleText.quoted(server)) has no tool \(VisibleText.quoted(tool))")
        }
        guard let pending = entry.pending else { throw .notQuarantined(server, tool) }
        if let fingerprint, !fingerprint.hasSameBytes(as: pending.fingerprint) {
          throw ToolPinError(
            .otherDefinition,
            "tool \(VisibleText.quoted(tool)) of server \(VisibleText.quoted(server)) has changed once more: its "
              + "fingerprint is \(pending.fingerprint) now")
        }
        let pinned = ToolPinFile.Tool(pinned: pending.since(now))
        file.servers[ExactText(server)]?.tools[ExactText(tool)] = pinned
        approved = Entry(server: server, name: tool, pinned)
        return true
      }
      return approved
    }
    guard let approved else { throw .notQuarantined(server, tool) }
    log(approved)
    return approved
  }

  /// Pins all that is pending on a server, and makes it a known one: what it gains later is pinned as it comes. For
  /// good on return. Returns what was pending, ascending by name.
  @discardableResult
  public func approveAll(server: String) throws(ToolPinError) -> [Entry] {
    let now = clock.nowText
    let approved: [Entry] = try disk.withLock { disk throws(ToolPinError) in
      var approved: [Entry] = []
      try change(&disk) { file throws(ToolPinError) in
        guard var record = file.servers[ExactText(server)] else {
          throw ToolPinError(.unknown, "there is no server \(VisibleText.quoted(server))")
        }
        let pending = record.tools.compactMap { name, tool in tool.pending.map { (name, $0) } }.sorted { $0.0 < $1.0 }
        guard !pending.isEmpty else {
          throw ToolPinError(.notQuarantined, "server \(VisibleText.quoted(server)) has no quarantined tool")
        }
        for (name, definition) in pending {
          let pinned = ToolPinFile.Tool(pinned: definition.since(now))
          record.tools[name] = pinned
          approved.append(Entry(server: server, name: name.text, pinned))
        }
        record.isKnown = true
        file.servers[ExactText(server)] = record
        return true
      }
      return approved
    }
    for entry in approved { log(entry) }
    return approved
  }

  /// Looks whether another process or a hand changed the file, and tries again to take in what could not be. True when
  /// standings may have changed.
  public func refreshIfChanged() -> Bool {
    disk.withLock { disk in
      let before = memory.withLock { ($0.revision, $0.problem) }
      // What is wrong has been noted.
      _ = try? read(&disk)
      let isWorking = memory.withLock { $0.problem == nil }
      if isWorking, disk.mustWrite || !disk.missed.isEmpty, disk.lastAttempt.duration(to: .now) >= Self.retryInterval {
        retry(&disk)
      }
      return memory.withLock { ($0.revision, $0.problem) } != before
    }
  }

  /// Refreshes every 200 ms until the task is cancelled, and says when standings may have changed.
  public func watch(_ changed: @Sendable () async -> Void) async {
    while !Task.isCancelled {
      if await watching.run({ self.refreshIfChanged() }) { await changed() }
      do { try await Task.sleep(for: Self.watchInterval) } catch { break }
    }
  }

  // MARK: Memory

  private static func tools(_ server: String, _ tools: [JSONValue]) -> [Result<Tool, ToolPinError>] {
    tools.map { definition in
      do throws(ToolPinError) {
        return .success(try Tool(server: server, definition: definition))
      } catch {
        return .failure(error)
      }
    }
  }

  private func standings(of tools: [Result<Tool, ToolPinError>]) -> [Standing] {
    let (file, problem) = memory.withLock { ($0.file, $0.problem) }
    return tools.map { tool in
      if let problem { return .unavailable(problem) }
      switch tool {
      case .failure(let error): return .unavailable(error.message)
      case .success(let tool):
        let server = file.servers[ExactText(tool.server)]
        if let pinned = server?.tools[ExactText(tool.name)]?.pinned {
          return pinned.fingerprint.hasSameBytes(as: tool.fingerprint) ? .pinned : .changed
        }
        return server?.isKnown == false ? .newServer : .unavailable("it could not be pinned")
      }
    }
  }

  private func usable() throws(ToolPinError) -> ToolPinFile {
    let (file, problem) = memory.withLock { ($0.file, $0.problem) }
    if let problem { throw ToolPinError(.unavailable, problem) }
    return file
  }

  private func entry(_ server: String, _ tool: String) -> Entry? {
    guard let file = try? usable(), let found = file.servers[ExactText(server)]?.tools[ExactText(tool)] else {
      return nil
    }
    return Entry(server: server, name: tool, found)
  }

  /// Logs what is quarantined, when it isn't what was last logged.
  private func report(_ quarantined: [(tool: JSONValue, standing: Standing)], of server: String) {
    let list = quarantined.map { "\($0.tool["name"]?.stringValue?.prefix(200) ?? ""): \($0.standing.text)" }
    let isNews = reported.withLock { reported in
      defer { reported[ExactText(server)] = list }
      return reported[ExactText(server), default: []] != list
    }
    guard isNews, !list.isEmpty else { return }
    logger.warning(
      "tools are quarantined",
      metadata: [
        "server": .string(server), "count": .stringConvertible(list.count),
        "tools": .array(list.prefix(20).map { .string($0) }),
      ])
  }

  private func log(_ approved: Entry) {
    logger.notice(
      "tool approved",
      metadata: [
        "server": .string(approved.server), "tool": .string(approved.name),
        "fingerprint": .string(approved.pinned?.fingerprint ?? ""),
      ])
  }

  // MARK: The file. Everything from here on blocks, and runs under the lock on `disk`.

  private func take(_ tools: [Tool], of server: String, trusted: Bool, _ disk: inout Disk) throws(ToolPinError) {
    let now = clock.nowText
    // Most listings change nothing, and need no lock for it.
    if var file = try read(&disk), !disk.mustWrite {
      guard file.observe(tools, of: server, trusted: trusted, at: now) else { return }
    }
    try change(&disk, isFirst: server) { file throws(ToolPinError) in
      file.observe(tools, of: server, trusted: trusted, at: now)
    }
  }

  private func retry(_ disk: inout Disk) {
    disk.lastAttempt = .now
    for (server, missed) in disk.missed {
      // What is wrong has been noted; the next time may be better.
      guard (try? take(missed.tools, of: server.text, trusted: missed.trusted, &disk)) != nil else { continue }
      disk.missed[server] = nil
    }
    if disk.mustWrite { try? change(&disk) { _ throws(ToolPinError) in false } }
  }

  /// Brings a change into the file. `body` says whether there is one.
  ///
  /// - Parameter server: known from now on, along with those of the first start, when there has never been a file
  private func change(
    _ disk: inout Disk, isFirst server: String? = nil,
    _ body: (inout ToolPinFile) throws(ToolPinError) -> Bool
  ) throws(ToolPinError) {
    disk.lastAttempt = .now
    let lock: FileLock
    do throws(FileLock.Failure) {
      lock = try FileLock(path: lockPath, kind: .exclusive, waitingUpTo: Self.lockMilliseconds)
    } catch {
      logger.error("tool pins can't be saved", metadata: ["error": "\(error)"])
      throw ToolPinError(.unavailable, "\(error)")
    }
    defer { withExtendedLifetime(lock) {} }
    var isNew = false
    var file: ToolPinFile
    if let saved = try read(&disk) {
      file = saved
    } else {
      file = ToolPinFile()
      if let server {
        isNew = true
        for name in serversOfFirstStart + [server] { file.servers[ExactText(name)] = .init(isKnown: true) }
      }
    }
    let hasChanged = try body(&file)
    guard hasChanged || isNew || disk.mustWrite else { return }
    let bytes = Array(file.text.utf8)
    guard bytes.count <= ToolPinFile.maximumSize else {
      logger.error("tool pins can't be saved", metadata: ["error": "\(path) would be too large"])
      throw ToolPinError(.unavailable, "\(path) would have more than \(ToolPinFile.maximumSize) bytes")
    }
    disk.mustWrite = true
    disk.stamp = nil
    do throws(SystemError) {
      try StateFile.replace(path, with: bytes)
    } catch {
      logger.error("tool pins can't be saved", metadata: ["error": "\(error)"])
      throw ToolPinError(.unavailable, "\(error)")
    }
    disk.mustWrite = false
    disk.wasThere = true
    memory.withLock { $0.take(file) }
  }

  /// What the file says, or nil when there has never been one. Takes it over when it isn't what it was.
  private func read(_ disk: inout Disk) throws(ToolPinError) -> ToolPinFile? {
    let stamp = StateFile.stamp(path: path)
    if let stamp, stamp == disk.stamp, stamp.isSettled(at: clock.now()) { return try usable() }
    disk.stamp = nil
    let file: ToolPinFile
    do {
      let (bytes, stamp) = try StateFile.read(path, limit: ToolPinFile.maximumSize)
      disk.wasThere = true
      file = try ToolPinFile(parsing: bytes)
      disk.stamp = stamp
    } catch let error as ToolPinFileError {
      throw refuse("\(path):\(error.place): \(error.message)")
    } catch let error as SystemError where error.isMissing && !disk.wasThere {
      memory.withLock { $0.take(ToolPinFile()) }
      return nil
    } catch let error as SystemError where error.isMissing {
      throw refuse("\(path) is missing: restore it; after a restart without it, whatever the servers list is pinned")
    } catch {
      throw refuse("\(error)")
    }
    let problem = memory.withLock { memory in
      defer { memory.take(file) }
      return memory.problem
    }
    if let problem, problem != Memory.unread {
      logger.notice("tool pins are available again", metadata: ["was": "\(problem)"])
    }
    return file
  }

  /// From here on every tool is quarantined, until the file can be read.
  private func refuse(_ problem: String) -> ToolPinError {
    let isNew = memory.withLock { memory in
      defer { memory.problem = problem }
      return memory.problem != problem
    }
    if isNew {
      logger.error("tool pins are unavailable: every tool is quarantined", metadata: ["problem": "\(problem)"])
    }
    return ToolPinError(.unavailable, problem)
  }
}

/// Why a pin is not changed.
public struct ToolPinError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Reason: Sendable {
    /// No such server or tool.
    case unknown
    case notQuarantined
    /// Several servers have a quarantined tool of this name.
    case ambiguous
    /// What is pending isn't what was to be approved.
    case otherDefinition
    /// The definition can't be kept.
    case unusable
    /// The file can't be read or written. For the log: the message names it.
    case unavailable
  }

  public let reason: Reason
  public let message: String

  public init(_ reason: Reason, _ message: String) {
    self.reason = reason
    self.message = message
  }

  public var description: String { message }

  static func notQuarantined(_ server: String, _ tool: String) -> ToolPinError {
    ToolPinError(
      .notQuarantined,
      "tool \(VisibleText.quoted(tool)) of server \(VisibleText.quoted(server)) is not quarantined")
  }
}

extension ToolPinFile.Definition {
  fileprivate func since(_ time: String) -> Self { Self(fingerprint: fingerprint, since: time, value: value) }
}

extension ToolPins.Standing {
  /// `pinned`, `changed`, `new_server` or `unavailable`.
  public var name: String {
    switch self {
    case .pinned: "pinned"
    case .changed: "changed"
    case .newServer: "new_server"
    case .unavailable: "unavailable"
    }
  }

  /// The name, with the reason that there may be.
  fileprivate var text: String { if case .unavailable(let reason) = self { "\(name): \(reason)" } else { name } }
}

extension ToolPins.Entry {
  fileprivate init(server: String, name: String, _ tool: ToolPinFile.Tool) {
    func version(_ definition: ToolPinFile.Definition?) -> Version? {
      definition.map { Version(fingerprint: $0.fingerprint, since: $0.since) }
    }
    self.init(
      server: server, name: name,
      standing: tool.pending == nil ? .pinned : tool.pinned == nil ? .newServer : .changed,
      pinned: version(tool.pinned), pending: version(tool.pending),
      difference: tool.pending.map { ToolDifference(from: tool.pinned?.value, to: $0.value) })
  }

  /// `{"server","name","standing","pinned","pending","difference"}`: `pinned` and `pending` are
  /// `{"fingerprint","since"}`, `difference` an array of lines, each null when absent.
  public var json: JSONValue {
    func version(_ version: Version?) -> JSONValue {
      version.map { ["fingerprint": .string($0.fingerprint), "since": .string($0.since)] } ?? .null
    }
    return [
      "server": .string(server), "name": .string(name), "standing": .string(standing.name), "pinned": version(pinned),
      "pending": version(pending),
      "difference": difference.map { .array($0.lines.map { .string($0) }) } ?? .null,
    ]
  }
}

extension Configuration {
  public var toolPinsPath: String { stateDirectory + "/tools.json" }
}
