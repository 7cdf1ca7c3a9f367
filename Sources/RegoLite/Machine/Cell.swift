/// A value as the machine holds it: 16 bytes without a reference in them, so that copying one costs nothing.
struct Cell {
  enum Tag: UInt8 {
    case undefined
    case null
    case `false`
    case `true`
    /// `payload` is the integer.
    case int
    /// UTF-8 in a region: the input's bytes, the arena's or the scratch's. `payload` is a `Span`.
    case string
    /// A string of the input with escapes in it, quotes included.
    case escaped
    /// A number of the input that isn't written as an integer of up to 18 digits.
    case number
    /// An array or object of the input, brackets included.
    case array
    case object
    /// A value of the arena that has no cell of its own kind: `payload` is its number there.
    case constant
    /// A value that the evaluation made: `payload` is its number among the machine's.
    case boxed
  }

  /// Where a string's bytes are.
  enum Region: UInt8 {
    case input
    case arena
    case scratch
  }

  var tag: Tag
  var region: Region
  /// Of simple cells, for tables; 0 where it hasn't been computed.
  var hash: UInt32
  var payload: UInt64

  @inline(__always)
  init(_ tag: Tag, _ region: Region = .input, hash: UInt32 = 0, payload: UInt64 = 0) {
    self.tag = tag
    self.region = region
    self.hash = hash
    self.payload = payload
  }

  @inline(__always)
  init(_ tag: Tag, _ region: Region = .input, offset: Int, count: Int, hash: UInt32 = 0) {
    self.init(
      tag, region, hash: hash, payload: UInt64(truncatingIfNeeded: offset) | UInt64(truncatingIfNeeded: count) << 32)
  }

  @inline(__always)
  init(int: Int) { self.init(.int, payload: UInt64(bitPattern: Int64(int))) }

  @inline(__always)
  init(boolean: Bool) { self.init(boolean ? .true : .false) }

  static let undefined = Cell(.undefined)

  /// A span's first byte and its length.
  @inline(__always) var offset: Int { Int(payload & 0xFFFF_FFFF) }
  @inline(__always) var count: Int { Int(payload >> 32) }
  @inline(__always) var int: Int { Int(Int64(bitPattern: payload)) }
  @inline(__always) var index: Int { Int(payload) }

  @inline(__always) var isDefined: Bool { tag != .undefined }
}

/// The hash that the machine's tables go by. Only the operator's data is in them, so no secret has to go into it.
enum CellHash {
  @inline(__always)
  static func of(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt32 {
    var hash = UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15
    var (bytes, left) = (UnsafeRawPointer(bytes), count)
    while left >= 8 {
      hash = mix(hash, bytes.loadUnaligned(as: UInt64.self))
      bytes += 8
      left -= 8
    }
    if left > 0 {
      var last: UInt64 = 0
      for index in 0..<left { last |= UInt64(bytes.load(fromByteOffset: index, as: UInt8.self)) << UInt64(8 * index) }
      hash = mix(hash, last)
    }
    return finish(hash)
  }

  @inline(__always)
  static func of(_ int: Int) -> UInt32 { finish(mix(1, UInt64(bitPattern: Int64(int)))) }

  /// Of null, a boolean or an integer.
  @inline(__always)
  static func of(_ cell: Cell) -> UInt32 {
    cell.tag == .int ? of(cell.int) : finish(mix(2, UInt64(cell.tag.rawValue)))
  }

  @inline(__always)
  private static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let (high, low) = (hash ^ word).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
    return high ^ low
  }

  /// Never 0, which stands for no hash.
  @inline(__always)
  private static func finish(_ hash: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: hash ^ hash >> 32) | 1
  }
}
