import HTTPTypes
import Hummingbird
import NIOCore
import StrictJSON

/// A request as the routes see it.
struct GatewayRequest: Sendable {
  /// Bodies beyond are refused, however they are encoded.
  static let bodyLimit = 1_048_576
  /// From the first byte of the body to the last.
  static let bodyDeadline: Duration = .seconds(30)

  enum Content: Sendable {
    case unread(RequestBody)
    case read([UInt8])
    /// It can't be read to its end.
    case failed(ErrorResponse)
  }

  let method: HTTPRequest.Method
  let target: RequestTarget
  let headers: RequestHeaders
  let content: Content
  /// Absent where nobody looks after it: but for calls.
  var client: RequestClient?
  /// Absent where it has still to be found: but for calls.
  let route: Route?
  /// The caller's own, when it is 1 to 128 visible ASCII characters; a fresh one otherwise.
  let correlationID: String
  /// The part of the path that the route's `{…}` stands for, percent-decoded; absent when it is no UTF-8. Empty for
  /// routes without one.
  var parameter: String? = ""
  /// Who calls, on the routes for agents; absent where agents needn't prove it.
  var identity: AgentIdentity?
  /// The token that proves it.
  var agentToken: LentSecret?
  /// Who decides, on the routes for approvers; absent for who has the admin key.
  var approver: String?

  init(
    method: HTTPRequest.Method, target: RequestTarget, headers: RequestHeaders, content: Content,
    client: RequestClient? = nil, route: Route? = nil
  ) {
    self.method = method
    self.target = target
    self.headers = headers
    self.content = content
    self.client = client
    self.route = route
    if let own = headers[.correlationID], (1...128).contains(own.utf8.count),
      own.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    {
      correlationID = own
    } else {
      correlationID = UUIDText.random(from: Randomness.shared.next)
    }
  }

  func header(_ name: HTTPField.Name) -> String? { headers[name] }

  /// The first query parameter of this name, percent-decoded, `+` as a space; what is no UTF-8 is mended.
  func query(_ name: String) -> String? {
    guard let query = target.query else { return nil }
    for pair in query.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard PercentDecoding.bytes(parts[0], plusIsSpace: true).elementsEqual(name.utf8) else { continue }
      guard parts.count == 2 else { return "" }
      return String(decoding: PercentDecoding.bytes(parts[1], plusIsSpace: true), as: UTF8.self)
    }
    return nil
  }

  /// Whether a body of the length that its request states is refused before it is read.
  static func isTooLarge(contentLength: String?) -> Bool {
    contentLength.flatMap { Int($0) }.map { $0 > bodyLimit } ?? false
  }

  /// The whole body, when it has been read already.
  var readBody: [UInt8]? { if case .read(let bytes) = content { bytes } else { nil } }

  /// The whole body, empty when there is none.
  func body() async throws(ErrorResponse) -> [UInt8] {
    switch content {
    case .read(let bytes): bytes
    case .failed(let error): throw error
    case .unread(let body): try await Self.bytes(of: body)
    }
  }

  private static func bytes(of body: RequestBody) async throws(ErrorResponse) -> [UInt8] {
    let clock = ContinuousClock()
    let start = clock.now
    var bytes: [UInt8] = []
    do {
      for try await buffer in body {
        guard bytes.count + buffer.readableBytes <= bodyLimit else { throw ErrorResponse.bodyTooLarge }
        guard clock.now - start < bodyDeadline else { throw ErrorResponse.bodyTooSlow }
        bytes.append(contentsOf: buffer.readableBytesView)
      }
    } catch let error as ErrorResponse {
      throw error
    } catch {
      throw .bodyUnreadable
    }
    return bytes
  }

  /// The body as JSON; absent when there is none.
  func json() async throws(ErrorResponse) -> JSONValue? {
    let bytes = try await body()
    guard !bytes.isEmpty else { return nil }
    guard Self.isJSON(header(.contentType)) else {
      throw .unprocessable([.notAnObject(.string(String(decoding: bytes, as: UTF8.self)))])
    }
    do throws(JSONError) {
      return try JSONValue(parsing: bytes)
    } catch {
      throw .unprocessable([.invalidJSON(error, in: bytes)])
    }
  }

  var isJSON: Bool { Self.isJSON(header(.contentType)) }

  /// `application/json` and `application/*+json`, with or without parameters.
  private static func isJSON(_ contentType: String?) -> Bool {
    guard let contentType else { return false }
    if contentType == "application/json" { return true }
    let type = MediaType(contentType[...])
    return type.is("application/json") || type.hasPrefix("application/") && type.hasSuffix("+json")
  }
}

/// A request's header fields, as they came. There are few: each is looked at.
struct RequestHeaders: Sendable {
  let pairs: [(name: String, value: String)]

  /// Those of this name, joined by commas; absent when there is none.
  subscript(name: HTTPField.Name) -> String? {
    var joined: String?
    for pair in pairs where pair.name.isSameIgnoringASCIICase(as: name.canonicalName) {
      joined = joined.map { "\($0), \(pair.value)" } ?? pair.value
    }
    return joined
  }

  /// Those of this name, in order.
  func values(_ name: HTTPField.Name) -> [String] {
    pairs.filter { $0.name.isSameIgnoringASCIICase(as: name.canonicalName) }.map(\.value)
  }
}

/// A request line's target, split but not decoded.
struct RequestTarget: Sendable {
  let path: Substring
  /// Without the question mark; absent when there is none.
  let query: Substring?

  init(_ target: String) {
    var rest = target[...]
    // The absolute form, as proxies are asked: http://host/path
    if rest.utf8.first != UInt8(ascii: "/"), let scheme = rest.firstRange(of: "://") {
      let afterScheme = rest[scheme.upperBound...]
      rest =
        afterScheme.utf8.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }.map { afterScheme[$0...] }
        ?? ""
    }
    if let fragment = rest.utf8.firstIndex(of: UInt8(ascii: "#")) { rest = rest[..<fragment] }
    if let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) {
      path = rest[..<mark]
      query = rest[rest.utf8.index(after: mark)...]
    } else {
      path = rest
      query = nil
    }
  }
}

enum PercentDecoding {
  /// `%41` becomes `A`; a percent sign without two hex digits stays as it is.
  static func bytes(_ text: Substring, plusIsSpace: Bool) -> [UInt8] {
    let encoded = Array(text.utf8)
    var decoded: [UInt8] = []
    decoded.reserveCapacity(encoded.count)
    var place = 0
    while place < encoded.count {
      let byte = encoded[place]
      if byte == UInt8(ascii: "%"), place + 2 < encoded.count, let high = encoded[place + 1].hexadecimalDigit,
        let low = encoded[place + 2].hexadecimalDigit
      {
        decoded.append(high << 4 | low)
        place += 3
      } else {
        decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        place += 1
      }
    }
    return decoded
  }
}
