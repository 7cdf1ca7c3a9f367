import JSONRPC
import StrictJSON

/// What carries JSON-RPC to one MCP server and back: a process's pipes, or Streamable HTTP.
protocol UpstreamConnection: Sendable {
  /// Asks the server and waits for its answer within the request's limits. Giving up its handle, or cancelling the task,
  /// ends the wait and tells the server.
  func request(_ request: UpstreamRequest) async -> UpstreamReply

  func notify(_ method: String) async

  /// Returns once requests can be written, or the connection is over: from then on their time counts.
  func opened() async

  /// How requests are made from now on: once the server's era is known.
  func speak(_ era: UpstreamEra)

  /// Ends the connection; what waits is answered. Later calls change nothing.
  func close(because reason: String)
}

/// How a server is spoken to.
struct UpstreamEra: Sendable, Equatable {
  var version: MCPVersion
  /// Members of every request's `_meta`, as JSON without braces; empty in the legacy era.
  var meta: [UInt8] = []

  /// For requests that nobody asked for: `clientCapabilities` is required in the modern era.
  static let noCapabilities = Array(#""\#(MCPMeta.clientCapabilities)":{}"#.utf8)
}

struct UpstreamRequest: Sendable {
  var method: String
  /// The members of `params` beside `_meta`, as JSON text without braces; may be empty.
  var members: [UInt8] = []
  /// The members of `_meta` that this request has beside its era's, as JSON text without braces; may be empty.
  var meta: [UInt8] = []
  /// What `Mcp-Name` says; absent for methods without it.
  var name: String?
  /// What else is mirrored in headers.
  var parameterHeaders: [(name: String, value: String)] = []
  /// What is lent for this request alone, over HTTP; it replaces any other of its name.
  var credentialHeader: (name: String, value: String)?
  var limits: RequestLimits
  /// Called right before the first byte is written; a refusal ends the request unsent.
  var admit: (@Sendable () -> Decision?)?
  var handle: CallHandle?
  /// It is answered when the connection ends, and holds nothing up.
  var isStanding = false
  /// When present, the request carries a progress token.
  var onProgress: (@Sendable (JSONObject) -> Void)?

  /// The message, with a line end when it is to be a line.
  func bytes(id: Int, era: UpstreamEra, asLine: Bool = false) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(160 + era.meta.count + meta.count + members.count)
    bytes += #"{"jsonrpc":"2.0","id":"#.utf8
    bytes += String(id).utf8
    bytes += #","method":""#.utf8
    bytes += method.utf8
    bytes += #"","params":{"#.utf8
    if !era.meta.isEmpty || !meta.isEmpty || onProgress != nil {
      bytes += #""_meta":{"#.utf8
      bytes += era.meta
      if !era.meta.isEmpty, !meta.isEmpty { bytes.append(UInt8(ascii: ",")) }
      bytes += meta
      if onProgress != nil {
        if !era.meta.isEmpty || !meta.isEmpty { bytes.append(UInt8(ascii: ",")) }
        bytes += #""progressToken":"#.utf8
        bytes += String(id).utf8
      }
      bytes += members.isEmpty ? "}".utf8 : "},".utf8
    }
    bytes += members
    bytes += "}}".utf8
    if asLine { bytes.append(0x0A) }
    return bytes
  }
}

/// How long and how much one request is granted.
struct RequestLimits: Sendable, Equatable {
  /// Without an answer or progress.
  var idle: Duration
  /// In all; absent when only `idle` counts.
  var total: Duration?
  /// Of the answer, as JSON text.
  var resultBytes: Int

  init(idle: Duration, total: Duration? = nil, resultBytes: Int = .max) {
    self.idle = idle
    self.total = total
    self.resultBytes = resultBytes
  }
}

/// When the time of a request under way is over.
struct RequestClock: Sendable {
  let limits: RequestLimits
  private let started = ContinuousClock.now
  /// Absent while there is no progress.
  private var progressed: ContinuousClock.Instant?

  init(_ limits: RequestLimits) { self.limits = limits }

  mutating func noteProgress() { progressed = .now }

  /// When it is over.
  var deadline: ContinuousClock.Instant { total.map { min(idle, $0) } ?? idle }

  /// Why it is over at its deadline.
  var reason: String {
    if let total, total < idle, let limit = limits.total { return "the call timed out after \(limit.formatted)" }
    let limit = limits.idle.formatted
    return progressed == nil ? "the call timed out after \(limit)" : "no progress for \(limit)"
  }

  private var idle: ContinuousClock.Instant { (progressed ?? started) + limits.idle }
  private var total: ContinuousClock.Instant? { limits.total.map { started + $0 } }
}

enum UpstreamReply: Sendable {
  case result(JSONValue)
  case error(JSONRPCError)
  case refused(Decision)
  /// No byte of the request was written.
  case notSent(String)
  /// The request was written, at least in part, and has no readable answer.
  case lost(String)
}

/// A message of the server's own accord.
struct UpstreamNotification: Sendable {
  var method: String
  var params: JSONValue?
}

extension Duration {
  /// `60 s`, `0.25 s`.
  var formatted: String {
    let (seconds, attoseconds) = components
    let milliseconds = attoseconds / 1_000_000_000_000_000
    if milliseconds == 0 { return "\(seconds) s" }
    let digits = String(1_000 + milliseconds).dropFirst()
    return "\(seconds).\(digits) s"
  }
}
