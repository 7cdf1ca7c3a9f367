import CPages
import CZlib
import Crypto
import FoundationEssentials
import StrictJSON

/// A file of the program that browsers get: a page, or what one is made of.
struct Page: Sendable {
  /// `swagger-ui.css`
  let name: String
  let contentType: String
  /// As it is to be sent to who doesn't accept gzip, unless `isCompressed`.
  private let stored: [UInt8]
  private let isCompressed: Bool
  /// Strong, of the file before it is compressed; each of its two forms has a tag of its own.
  private let digest: String

  /// The file of the program.
  ///
  /// - Parameter name: `docs.html`, without the `.gz` of one that is stored compressed
  init(named name: String) {
    let plain = pages_find(name)
    guard let file = plain ?? pages_find(name + ".gz") else { preconditionFailure("\(name) isn't in CPages.c") }
    self.init(
      name: name, contentType: Self.contentType(of: name),
      stored: Array(UnsafeBufferPointer(start: file.pointee.bytes, count: file.pointee.count)),
      isCompressed: plain == nil)
  }

  /// What was made at the start.
  init(name: String, _ bytes: [UInt8]) {
    self.init(name: name, contentType: Self.contentType(of: name), stored: bytes, isCompressed: false)
  }

  private init(name: String, contentType: String, stored: [UInt8], isCompressed: Bool) {
    self.name = name
    self.contentType = contentType
    self.stored = stored
    self.isCompressed = isCompressed
    digest = SHA256.hash(data: stored).withUnsafeBytes { String($0.hexadecimalText.prefix(32)) }
  }

  private static func contentType(of name: String) -> String {
    if name.hasSuffix(".html") { return "text/html; charset=utf-8" }
    if name.hasSuffix(".css") { return "text/css; charset=utf-8" }
    if name.hasSuffix(".json") { return "application/json" }
    return "text/javascript; charset=utf-8"
  }

  /// `contentType` without parameters.
  var mediaType: String { String(contentType.prefix { $0 != ";" }) }

  /// What is sent: whether it is compressed, its entity tag, and its bytes.
  func form(acceptsGzip: Bool) -> (isCompressed: Bool, tag: String, bytes: () -> [UInt8]) {
    let isSentCompressed = isCompressed && acceptsGzip
    return (
      isSentCompressed, isSentCompressed ? "\"\(digest)-gzip\"" : "\"\(digest)\"",
      { isCompressed && !acceptsGzip ? Self.inflated(stored) : stored }
    )
  }

  /// - Parameter bytes: compressed by gzip, and known to be sound: they are the program's own
  private static func inflated(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    // 16: with gzip's header, and no other.
    guard inflateInit2_(&stream, 16 + MAX_WBITS, zlibVersion(), Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      return []
    }
    defer { inflateEnd(&stream) }
    var (input, output) = (bytes, [UInt8]())
    input.withUnsafeMutableBufferPointer { source in
      (stream.next_in, stream.avail_in) = (source.baseAddress, UInt32(source.count))
      var buffer = [UInt8](repeating: 0, count: 65_536)
      var status = Z_OK
      while status == Z_OK {
        status = buffer.withUnsafeMutableBufferPointer { target in
          (stream.next_out, stream.avail_out) = (target.baseAddress, UInt32(target.count))
          return inflate(&stream, Z_NO_FLUSH)
        }
        output += buffer[..<(buffer.count - Int(stream.avail_out))]
      }
    }
    return output
  }
}

extension Page {
  static let docsFiles = ["docs.js", "swagger-ui-bundle.js", "swagger-ui.css"].map(Page.init(named:))
  static let redocFiles = ["redoc.js", "redoc.standalone.js"].map(Page.init(named:))

  /// What the page may do (Content Security Policy 3): use its own parts and ask this server, nothing else.
  ///
  /// - Parameters:
  ///   - styles: the libraries style their elements by attributes, which count as inline
  ///   - workers: where their scripts may come from
  static func policy(
    scripts: String, styles: String = "'self' 'unsafe-inline'", workers: String = "'none'"
  ) -> String {
    "default-src 'none'; script-src \(scripts); style-src \(styles); img-src 'self' data:; "
      + "connect-src 'self'; worker-src \(workers); base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  }

  /// The same for a page whose scripts and styles are in it: no others count, nor any that get into it.
  var policyOfPartsInside: String { Self.policy(scripts: hashes(of: "script"), styles: hashes(of: "style")) }

  /// `'sha256-…'` of what each such element holds, or `'none'`.
  private func hashes(of element: String) -> String {
    let text = String(decoding: stored, as: UTF8.self)
    var (hashes, rest): ([String], Substring) = ([], text[...])
    while let start = rest.firstRange(of: "<\(element)>"),
      let end = rest[start.upperBound...].firstRange(of: "</\(element)>")
    {
      let hash = SHA256.hash(data: Array(rest[start.upperBound..<end.lowerBound].utf8))
      hashes.append("'sha256-\(Data(hash).base64EncodedString())'")
      rest = rest[end.upperBound...]
    }
    return hashes.isEmpty ? "'none'" : hashes.joined(separator: " ")
  }
}
