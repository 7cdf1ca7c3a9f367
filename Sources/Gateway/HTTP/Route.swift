import HTTPTypes
import Hummingbird

/// One endpoint. A class: a call's is handed on several times, and has its documentation with it.
final class Route: Sendable {
  enum Access: Sendable {
    case open
    /// Needs the agent's proof of who it is, where agents must authenticate.
    case agent
    /// Needs an approver's key, or the admin API key.
    case approver
    /// Needs the admin API key.
    case admin
    /// Open on loopback; else it needs the token for metrics, or the admin API key.
    case metrics
  }
  typealias Handler = @Sendable (GatewayRequest) async throws(ErrorResponse) -> Response

  let method: HTTPRequest.Method
  let pattern: PathPattern
  let access: Access
  /// What the API's documents say of it.
  let operation: Operation
  /// It runs on the event loop that its request comes in on, and so does what follows from it: see `CallExecutor`.
  let isCall: Bool
  let handler: Handler
  /// What its requests are measured as.
  let endpoint: MetricEndpoint

  init(
    _ method: HTTPRequest.Method, _ pattern: String, _ access: Access, _ operation: Operation, isCall: Bool = false,
    _ handler: @escaping Handler
  ) {
    self.method = method
    self.pattern = PathPattern(pattern)
    self.access = access
    self.operation = operation
    self.isCall = isCall
    endpoint = MetricEndpoint(pattern: pattern)
    self.handler = handler
  }
}

/// `/tools/list`, or `/sessions/{id}/kill`, whose `{id}` stands for any text of one byte or more, slashes included: a
/// session may be called `a/b`, and it must be possible to kill it, whether its slash comes encoded or not.
struct PathPattern: Sendable, Equatable {
  /// As it is written: `/sessions/{id}/kill`.
  let text: String
  /// The name between the braces; absent without them.
  let parameter: String?
  private let prefix: String
  /// Absent when the whole path is `prefix`.
  private let suffix: String?

  init(_ pattern: String) {
    text = pattern
    let parts = pattern.split(separator: "{", maxSplits: 1)
    prefix = String(parts[0])
    suffix = parts.count == 2 ? String(parts[1].drop { $0 != "}" }.dropFirst()) : nil
    parameter = parts.count == 2 ? String(parts[1].prefix { $0 != "}" }) : nil
  }

  /// Of several patterns that a path matches, the one with the highest is meant: bytes that are the path's own.
  var precision: Int { suffix.map { prefix.utf8.count + $0.utf8.count } ?? .max }

  /// Whether the path, as it came, is this one, and what its `{…}` stands for (empty when there is none).
  func match(_ path: Substring) -> Substring? {
    guard let suffix else {
      return path.utf8.count == prefix.utf8.count && path.utf8.elementsEqual(prefix.utf8) ? "" : nil
    }
    let bytes = path.utf8
    guard bytes.starts(with: prefix.utf8), bytes.count > prefix.utf8.count + suffix.utf8.count,
      bytes.reversed().starts(with: suffix.utf8.reversed())
    else { return nil }
    let start = bytes.index(bytes.startIndex, offsetBy: prefix.utf8.count)
    let end = bytes.index(bytes.endIndex, offsetBy: -suffix.utf8.count)
    return Substring(bytes[start..<end])
  }
}

/// All endpoints.
struct RouteTable: Sendable {
  enum Match: Sendable {
    case found(Route, parameter: Substring)
    case wrongMethod(allowed: [HTTPRequest.Method])
    /// The same path without its trailing slashes exists.
    case moved(to: Substring)
    case unknown
  }

  let routes: [Route]

  init(_ routes: [Route]) { self.routes = routes }

  func match(_ method: HTTPRequest.Method, _ path: Substring) -> Match {
    var (found, allowed): ((route: Route, parameter: Substring)?, [HTTPRequest.Method]) = (nil, [])
    var precision = 0
    for index in routes.indices {
      guard let parameter = routes[index].pattern.match(path) else { continue }
      let route = routes[index]
      if route.pattern.parameter == nil, route.method == method { return .found(route, parameter: parameter) }
      // `/approvals/x/deny` is the denial of `x`, whatever the method, and not an approval named `x/deny`.
      guard route.pattern.precision >= precision else { continue }
      if route.pattern.precision > precision {
        (found, allowed, precision) = (nil, [], route.pattern.precision)
      }
      if route.method == method { found = found ?? (route, parameter) }
      if !allowed.contains(route.method) { allowed.append(route.method) }
    }
    if let found { return .found(found.route, parameter: found.parameter) }
    if !allowed.isEmpty { return .wrongMethod(allowed: allowed) }
    let trimmed = path.utf8.last == UInt8(ascii: "/") ? path.dropLast(while: { $0 == "/" }) : path
    if trimmed.utf8.count < path.utf8.count, !trimmed.hasPrefix("//"),
      routes.contains(where: { $0.pattern.match(trimmed) != nil })
    {
      return .moved(to: trimmed)
    }
    return .unknown
  }
}

extension Substring {
  fileprivate func dropLast(while isDropped: (Character) -> Bool) -> Substring {
    var rest = self
    while let last = rest.last, isDropped(last) { rest = rest.dropLast() }
    return rest
  }
}
