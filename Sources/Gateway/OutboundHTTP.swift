import HTTPExchange
import NIOCore
import NIOHTTP1
import Synchronization

/// A request of the gateway's own, to a server that the configuration names: an issuer of tokens, a server of keys, a
/// receiver of webhooks.
public struct OutboundRequest: Sendable {
  public enum Method: String, Sendable {
    case get = "GET"
    case post = "POST"
  }

  public struct Header: Sendable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
  }

  public var method: Method
  public var url: String
  /// Without `Host`, `Content-Length` and `Connection`. They may be secrets.
  public var headers: [Header]
  /// Absent for methods without one. It may hold secrets.
  public var body: [UInt8]?
  /// When false only the answer's head is read, and the response's body is empty.
  public var readsAnswer: Bool

  public init(
    _ method: Method, _ url: String, headers: [Header] = [], body: [UInt8]? = nil, readsAnswer: Bool = true
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.readsAnswer = readsAnswer
  }
}

extension OutboundRequest: CustomStringConvertible, CustomReflectable {
  /// Without query, headers and body.
  public var description: String { "\(method.rawValue) \(url.prefix { $0 != "?" })" }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// What the server answered, whatever its status: redirections are answers like others.
public struct OutboundResponse: Sendable {
  public var status: Int
  public var headers: [OutboundRequest.Header]
  /// It may hold secrets.
  public var body: [UInt8]

  public init(status: Int, headers: [OutboundRequest.Header] = [], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The field's values, joined by commas; absent when there is none.
  public func header(_ name: String) -> String? {
    let values = headers.filter { $0.name.isSameIgnoringASCIICase(as: name) }.map(\.value)
    return values.isEmpty ? nil : values.joined(separator: ", ")
  }
}

extension OutboundResponse: CustomStringConvertible, CustomReflectable {
  public var description: String { "HTTP \(status)" }
  public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Sends a request and reads its answer: checks the server's certificate, follows no redirect, sends nothing twice, and
/// gives up at the limits of `OutboundHTTP`.
public typealias OutboundFetch = @Sendable (OutboundRequest) async throws -> OutboundResponse

/// Why there is no answer: in a few words for the log, without anything that was sent or received.
public struct OutboundError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}

/// The gateway's own requests over the network.
///
/// Each has a connection of its own: they are rare, and one on a connection that its server closes just then would be
/// lost.
public final class OutboundHTTP: Sendable {
  /// Of an answer's body, in bytes.
  public static let maximumSize = 1 << 20
  /// From the request to the answer's last byte.
  public static let timeLimit: Duration = .seconds(10)
  /// What is set up for a URL is kept, for the first few; others pay for it at each request.
  private static let kept = 64

  private struct State {
    var origins: [ExactText: HTTPOrigin] = [:]
    var isShut = false
  }

  private let timeLimit: Duration
  private let state = Mutex(State())

  public init(timeLimit: Duration = OutboundHTTP.timeLimit) { self.timeLimit = timeLimit }

  public func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
    let (origin, isKept) = try origin(for: request.url)
    let answer = HTTPAnswer()
    let timer = Task { [timeLimit] in
      try await Task.sleep(for: timeLimit)
      answer.cancel()
    }
    var headers = HTTPHeaders(request.headers.map { ($0.name, $0.value) })
    headers.replaceOrAdd(name: "Connection", value: "close")
    let result = await withTaskCancellationHandler {
      origin.send(
        HTTPMethod(rawValue: request.method.rawValue), HTTPFieldLines(headers), request.body, answer: answer)
      return await Self.response(answer, readsBody: request.readsAnswer)
    } onCancel: {
      answer.cancel()
    }
    timer.cancel()
    answer.cancel()
    if !isKept { await origin.shutdown() }
    switch result {
    case .success(let response): return response
    case .failure(let error): throw error
    }
  }

  /// For key sets.
  public var jwkFetch: JWKFetch {
    { url in
      let response = try await self.send(
        OutboundRequest(.get, url, headers: [.init("Accept", "application/jwk-set+json, application/json")]))
      return JWKResponse(
        status: response.status, cacheControl: response.header("Cache-Control"), body: response.body)
    }
  }

  /// Ends what is under way; later requests fail.
  public func shutdown() async {
    let origins = state.withLock { state in
      state.isShut = true
      defer { state.origins = [:] }
      return Array(state.origins.values)
    }
    for origin in origins { await origin.shutdown() }
  }

  private func origin(for url: String) throws(OutboundError) -> (HTTPOrigin, isKept: Bool) {
    let key = ExactText(url)
    let (known, isShut) = state.withLock { ($0.origins[key], $0.isShut) }
    if isShut { throw OutboundError("the gateway is shutting down") }
    if let known { return (known, true) }
    // Not under the lock: it reads the system's certificates.
    guard let target = HTTPTarget(url) else { throw OutboundError("its URL is malformed") }
    guard let origin = try? HTTPOrigin(target, connectTimeout: TimeAmount(timeLimit)) else {
      throw OutboundError("TLS can't be set up")
    }
    return state.withLock { state in
      if let known = state.origins[key] { return (known, true) }
      guard state.origins.count < Self.kept, !state.isShut else { return (origin, false) }
      state.origins[key] = origin
      return (origin, true)
    }
  }

  private static func response(
    _ answer: HTTPAnswer, readsBody: Bool
  ) async -> Result<OutboundResponse, OutboundError> {
    do {
      switch await answer.next() {
      case .head(let head):
        var body: [UInt8] = []
        while readsBody, let chunk = try await answer.nextBytes() {
          guard body.count + chunk.readableBytes <= maximumSize else {
            return .failure(OutboundError("it answered more than \(maximumSize >> 20) MiB"))
          }
          body.append(contentsOf: chunk.readableBytesView)
        }
        return .success(
          OutboundResponse(
            status: Int(head.status.code), headers: head.headers.map { .init($0.name, $0.value) }, body: body))
      case .failed(let error): throw error
      case .body, .end: return .failure(OutboundError("its answer has no head"))
      }
    } catch let error as HTTPUnreachable {
      return .failure(OutboundError("it can't be reached: \(error.reason)"))
    } catch is HTTPAnswer.Cancelled {
      return .failure(OutboundError("it took too long to answer"))
    } catch {
      // The error's own text might quote the answer.
      return .failure(OutboundError("the connection failed"))
    }
  }
}
