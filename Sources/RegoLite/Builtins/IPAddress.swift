/// An IPv4 or IPv6 address. IPv4 addresses that are mapped into IPv6 are IPv4 addresses, as in Go.
struct IPAddress: Hashable {
  /// IPv4 as `::ffff:a.b.c.d`.
  let bits: UInt128

  private static let mapped: UInt128 = 0xFFFF << 32
  /// The bits of 0.0.0.0.
  static var firstV4: UInt128 { mapped }

  init(bits: UInt128) { self.bits = bits }

  var isV4: Bool { bits >> 32 == 0xFFFF }

  /// Absent when the text is no address. There are no zones, and no leading zeros in IPv4.
  init?(_ text: String) {
    if let v4 = Self.v4(Substring(text)) {
      bits = Self.mapped | UInt128(v4)
    } else if let v6 = Self.v6(text) {
      bits = v6
    } else {
      return nil
    }
  }

  private static func v4(_ text: Substring) -> UInt32? {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var result: UInt32 = 0
    for part in parts {
      guard (1...3).contains(part.count), part.allSatisfy({ (0x30...0x39) ~= $0 }),
        part.count == 1 || part.first != UInt8(ascii: "0"), let value = UInt8(String(Substring(part)))
      else { return nil }
      result = result << 8 | UInt32(value)
    }
    return result
  }

  private static func v6(_ text: String) -> UInt128? {
    var bytes = Array(text.utf8)[...]
    var head: [UInt16]?
    if let gap = bytes.indices.dropLast().first(where: { bytes[$0] == UInt8(ascii: ":") && bytes[$0 + 1] == bytes[$0] })
    {
      guard let groups = groups(bytes[..<gap], endingInV4: false) else { return nil }
      head = groups
      bytes = bytes[(gap + 2)...]
    }
    guard let tail = groups(bytes, endingInV4: true) else { return nil }
    let count = (head?.count ?? 0) + tail.count
    // The gap stands for one group at least.
    guard head == nil ? count == 8 : count < 8 else { return nil }
    let all = (head ?? []) + [UInt16](repeating: 0, count: 8 - count) + tail
    return all.reduce(0) { $0 << 16 | UInt128($1) }
  }

  /// Groups of hexadecimal digits between colons, the last two perhaps as an IPv4 address; none for nothing at all.
  private static func groups(_ bytes: ArraySlice<UInt8>, endingInV4 mayEndInV4: Bool) -> [UInt16]? {
    if bytes.isEmpty { return [] }
    var result: [UInt16] = []
    let texts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    for (index, bytes) in texts.enumerated() {
      let text = String(decoding: bytes, as: UTF8.self)
      if mayEndInV4, index == texts.count - 1, let v4 = v4(text[...]) {
        result += [UInt16(v4 >> 16), UInt16(truncatingIfNeeded: v4)]
      } else if (1...4).contains(bytes.count), bytes.first != UInt8(ascii: "+"), let group = UInt16(text, radix: 16) {
        result.append(group)
      } else {
        return nil
      }
    }
    return result
  }
}

extension IPAddress: CustomStringConvertible {
  /// Dotted, or by RFC 5952: the first of the longest runs of two zero groups or more is left out.
  var description: String {
    if isV4 {
      return (0..<4).map { String(UInt8(truncatingIfNeeded: bits >> (24 - 8 * $0))) }.joined(separator: ".")
    }
    let groups = (0..<8).map { UInt16(truncatingIfNeeded: bits >> (112 - 16 * $0)) }
    var longest = 0..<0
    var start = 0
    while start < 8 {
      var end = start
      while end < 8, groups[end] == 0 { end += 1 }
      if end - start >= 2, end - start > longest.count { longest = start..<end }
      start = max(end, start + 1)
    }
    let text = { (range: Range<Int>) in groups[range].map { String($0, radix: 16) }.joined(separator: ":") }
    return longest.isEmpty ? text(0..<8) : text(0..<longest.lowerBound) + "::" + text(longest.upperBound..<8)
  }
}

/// A block of addresses that share a prefix.
struct IPNetwork {
  /// As it is written; only blocks made from single addresses have bits beyond the prefix.
  let address: IPAddress
  /// Of 128 bits, for IPv4 too.
  let prefix: Int

  init(address: IPAddress, prefix: Int) {
    self.address = address
    self.prefix = prefix
  }

  /// An address, a slash and the length of the prefix; absent for anything else.
  init?(cidr text: String) {
    guard let slash = text.firstIndex(of: "/"), let address = IPAddress(String(text[..<slash])) else { return nil }
    let digits = text[text.index(after: slash)...]
    // The prefix counts the bits of the form that the address was written in.
    let isDotted = !text[..<slash].utf8.contains(UInt8(ascii: ":"))
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39) ~= $0 }), let length = Int(digits),
      length <= (isDotted ? 32 : 128)
    else { return nil }
    prefix = isDotted ? length + 96 : length
    self.address = IPAddress(bits: address.bits & Self.mask(prefix))
  }

  var first: IPAddress { IPAddress(bits: address.bits & Self.mask(prefix)) }
  var last: IPAddress { IPAddress(bits: address.bits | ~Self.mask(prefix)) }
  /// Blocks of both kinds of addresses count as IPv6, and hold no IPv4 address.
  var isV4: Bool { prefix >= 96 && first.isV4 }

  func contains(_ other: IPAddress) -> Bool {
    isV4 == other.isV4 && (other.bits ^ address.bits) & Self.mask(prefix) == 0
  }

  static func mask(_ prefix: Int) -> UInt128 { prefix == 0 ? 0 : ~0 << UInt128(128 - prefix) }
}

extension IPNetwork: CustomStringConvertible {
  var description: String { "\(address)/\(isV4 ? prefix - 96 : prefix)" }
}
