import CPolicies
import FoundationEssentials
import Glibc
import StrictJSON
import Synchronization

/// A gateway of the demo's own: this executable as a child process, with a state folder that is gone afterwards.
final class DemoServer: Sendable {
  struct StartFailure: Error, CustomStringConvertible {
    let description: String
  }

  private struct State {
    var process: pid_t?
    var folder: String?
    var isEnded = false
  }
  private let state = Mutex(State())

  /// Until it listens.
  private static let startPatience = Duration.seconds(60)
  /// Until its shutdown in order is given up.
  private static let endPatience = Duration.seconds(20)

  /// - Parameters:
  ///   - policies: a folder; absent for the policy in the executable
  ///   - environment: what the child gets, without what is AgentGate's
  /// - Returns: the port that it listens on, at 127.0.0.1
  func start(policies: String?, environment: [String: String]) async throws(StartFailure) -> Int {
    let log = try launch(policies: policies, environment: environment)
    let deadline = ContinuousClock.now + Self.startPatience
    while ContinuousClock.now < deadline {
      if let port = Self.port(inLog: log) { return port }
      guard isRunning else { throw StartFailure(description: "the demo's gateway ended while it started") }
      try? await Task.sleep(for: .milliseconds(30))
    }
    throw StartFailure(description: "the demo's gateway did not start within \(Self.startPatience)")
  }

  /// Absent when it was never started, and once it has ended.
  var folder: String? { state.withLock(\.folder) }

  /// The end of what it has logged.
  func lastLog(lines: Int = 30) -> String {
    guard let folder, let text = FileManager.default.contents(atPath: Self.log(in: folder)) else { return "" }
    return String(decoding: text, as: UTF8.self).split(separator: "\n").suffix(lines).joined(separator: "\n")
  }

  /// Stops it and removes its folder; at any time, as often as wanted, on any thread. Blocks.
  func end() {
    state.withLock { state in
      state.isEnded = true
      if let process = state.process { Self.stop(process) }
      if let folder = state.folder { try? FileManager.default.removeItem(atPath: folder) }
      state.process = nil
      state.folder = nil
    }
  }

  // MARK: Process

  /// - Returns: its log's path
  private func launch(policies: String?, environment: [String: String]) throws(StartFailure) -> String {
    try state.withLock { state throws(StartFailure) in
      // A signal has come first.
      guard !state.isEnded else { throw StartFailure(description: "interrupted") }
      let folder = try Self.makeFolder(environment)
      state.folder = folder
      let policies = if let policies { policies } else { try Self.unpackPolicies(into: folder) }
      let arguments = [
        "agentgate", "serve", "--host", "127.0.0.1", "--port", "0", "--policy", policies, "--state-dir",
        folder + "/state",
      ]
      // What is set for another gateway is not for this one.
      let variables = environment.filter { !$0.key.hasPrefix("AGENTGATE_") }
      state.process = try Self.spawn(arguments, variables, log: Self.log(in: folder))
      return Self.log(in: folder)
    }
  }

  private var isRunning: Bool {
    state.withLock { state in
      guard let process = state.process else { return false }
      guard Self.hasEnded(process) else { return true }
      state.process = nil
      return false
    }
  }

  /// Also takes its exit status, so that it isn't asked twice.
  private static func hasEnded(_ process: pid_t) -> Bool {
    var status: Int32 = 0
    while true {
      let result = waitpid(process, &status, WNOHANG)
      if result < 0, errno == EINTR { continue }
      return result != 0
    }
  }

  private static func stop(_ process: pid_t) {
    kill(process, SIGTERM)
    let deadline = ContinuousClock.now + endPatience
    while ContinuousClock.now < deadline {
      if hasEnded(process) { return }
      usleep(20_000)
    }
    kill(process, SIGKILL)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
  }

  private static func spawn(
    _ arguments: [String], _ environment: [String: String], log: String
  ) throws(StartFailure) -> pid_t {
    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    // A process group of its own: Ctrl-C in the terminal is the demo's to answer.
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
    let (argv, envp) = (CStrings(arguments), CStrings(environment.map { "\($0.key)=\($0.value)" }))
    var process: pid_t = 0
    // Whatever has become of the file since this process was started from it.
    let problem = posix_spawn(&process, "/proc/self/exe", &files, &attributes, argv.pointers, envp.pointers)
    guard problem == 0 else {
      throw StartFailure(description: "the demo's gateway can't be started: \(String(cString: strerror(problem)))")
    }
    return process
  }

  /// A vector of C strings that ends with none.
  private final class CStrings {
    let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ texts: [String]) { pointers = texts.map { strdup($0) } + [nil] }

    deinit { for pointer in pointers { free(pointer) } }
  }

  // MARK: Files

  private static func log(in folder: String) -> String { folder + "/gateway.log" }

  /// As the entry `serving` says it; absent before that.
  private static func port(inLog path: String) -> Int? {
    guard let text = FileManager.default.contents(atPath: path) else { return nil }
    for line in text.split(separator: UInt8(ascii: "\n")) {
      guard let entry = try? JSONValue(parsing: Array(line)), entry["event"]?.stringValue == "serving" else { continue }
      return entry["port"]?.intValue ?? entry["port"]?.stringValue.flatMap { Int($0) }
    }
    return nil
  }

  private static func makeFolder(_ environment: [String: String]) throws(StartFailure) -> String {
    let parent = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    var path = Array("\(parent)/agentgate-demo-XXXXXX".utf8CString)
    guard mkdtemp(&path) != nil else {
      throw StartFailure(description: "\(parent): no folder can be made: \(String(cString: strerror(errno)))")
    }
    return String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func unpackPolicies(into folder: String) throws(StartFailure) -> String {
    let policies = folder + "/policies"
    do {
      try FileManager.default.createDirectory(atPath: policies, withIntermediateDirectories: true)
      for (name, file) in [("default.rego", policies_rules), ("data.json", policies_data)] {
        try Data(bytes: file.bytes, count: file.count).write(to: URL(filePath: "\(policies)/\(name)"))
      }
    } catch {
      throw StartFailure(description: "\(policies) can't be written: \(error)")
    }
    return policies
  }
}
