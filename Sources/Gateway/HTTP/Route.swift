import HTTPTypes
import Hummingbird

/// One endpoint.
struct Route: Sendable {
  enum Access: Sendable {
    case open
    /// Needs the agent's proof of who it is, where agents must authenticate.
    case agent
    /// Needs an approver's key, or the admin API key.
    case approver
    /// Needs the admin API key.
    case admin
  }
  typealias Handler = @Sendable (GatewayRequest) async throws(ErrorResponse) -> Response

  let method: HTTPRequest.Method
  let pattern: PathPattern
  let access: Access
  /// It runs on the event loop that its request comes in on, and so does what follows from it: see `CallExecutor`.
  let isCall: Bool
  let handler: Handler

  init(
    _ method: HTTPRequest.Method, _ pattern: String, _ access: Access, isCall: Bool = false,
    _ handler: @escaping Handler
  ) {
    self.method = method
    self.pattern = PathPattern(pattern)
    self.access = access
    self.isCall = isCall
    self.handler = handler
  }
}

/// `/tools/list`, or `/sessions/{id}/kill`, whose `{id}` stands for any text of one byte or more, slashes included: a
/// session may be called `a/b`, and it must be possible to kill it, whether its slash comes encoded or not.
struct PathPattern: Sendable, Equatable {
  private let prefix: String
  /// Absent when the whole path is `prefix`.
  private let suffix: String?

  init(_ pattern: String) {
    let parts = pattern.split(separator: "{", maxSplits: 1)
    prefix = String(parts[0])
    suffix = parts.count == 2 ? String(parts[1].drop { $0 != "}" }.dropFirst()) : nil
  }

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

  private let routes: [Route]

  init(_ routes: [Route]) { self.routes = routes }

  func match(_ method: HTTPRequest.Method, _ path: Substring) -> Match {
    var allowed: [HTTPRequest.Method] = []
    for index in routes.indices {
      guard let parameter = routes[index].pattern.match(path) else { continue }
      let route = routes[index]
      if route.method == method { return .found(route, parameter: parameter) }
      if !allowed.contains(route.method) { allowed.append(route.method) }
    }
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
