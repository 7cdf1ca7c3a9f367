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

  let request: Request
  let correlationID: String
  /// The part of the path that the route's `{…}` stands for, percent-decoded; absent when it is no UTF-8. Empty for
  /// routes without one.
  var parameter: String? = ""
  /// The connection; absent in tests without one.
  var channel: (any Channel)?

  func header(_ name: HTTPField.Name) -> String? { request.headers[name] }

  /// The first query parameter of this name, percent-decoded, `+` as a space; what is no UTF-8 is mended.
  func query(_ name: String) -> String? {
    guard let query = RequestTarget(request.head.path ?? "").query else { return nil }
    for pair in query.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard PercentDecoding.bytes(parts[0], plusIsSpace: true).elementsEqual(name.utf8) else { continue }
      guard parts.count == 2 else { return "" }
      return String(decoding: PercentDecoding.bytes(parts[1], plusIsSpace: true), as: UTF8.self)
    }
    return nil
  }

  /// The whole body, empty when there is none.
  func body() async throws(ErrorResponse) -> [UInt8] {
    let clock = ContinuousClock()
    let start = clock.now
    var bytes: [UInt8] = []
    do {
      for try await buffer in request.body {
        guard bytes.count + buffer.readableBytes <= Self.bodyLimit else { throw ErrorResponse.bodyTooLarge }
        guard clock.now - start < Self.bodyDeadline else { throw ErrorResponse.bodyTooSlow }
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

  /// All header fields, in order.
  var headerPairs: [(name: String, value: String)] { request.headers.map { ($0.name.rawName, $0.value) } }

  /// `application/json` and `application/*+json`, with or without parameters.
  private static func isJSON(_ contentType: String?) -> Bool {
    guard let contentType else { return false }
    let type = MediaType(contentType[...])
    return type.is("application/json") || type.hasPrefix("application/") && type.hasSuffix("+json")
  }
}

/// A request line's target, split but not decoded.
struct RequestTarget {
  let path: Substring
  /// Without the question mark; absent when there is none.
  let query: Substring?

  init(_ target: String) {
    var rest = target[...]
    // The absolute form, as proxies are asked: http://host/path
    if !rest.hasPrefix("/"), let scheme = rest.firstRange(of: "://") {
      let afterScheme = rest[scheme.upperBound...]
      rest = afterScheme.firstIndex { $0 == "/" || $0 == "?" }.map { afterScheme[$0...] } ?? ""
    }
    rest = rest.prefix { $0 != "#" }
    if let mark = rest.firstIndex(of: "?") {
      path = rest[..<mark]
      query = rest[rest.index(after: mark)...]
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
