/// A value as the machine holds it: two words without a reference in them, so that copying one costs nothing.
struct Cell: BitwiseCopyable {
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

  /// Tag, region and hash: two words are copied as two words.
  private var head: UInt64
  var payload: UInt64

  @inline(__always)
  init(_ tag: Tag, _ region: Region = .input, hash: UInt32 = 0, payload: UInt64 = 0) {
    head = UInt64(tag.rawValue) | UInt64(region.rawValue) << 8 | UInt64(hash) << 32
    self.payload = payload
  }

  // The words come from `init`, so that the bytes are those of cases.
  @inline(__always) var tag: Tag { unsafeBitCast(UInt8(truncatingIfNeeded: head), to: Tag.self) }
  @inline(__always) var region: Region { unsafeBitCast(UInt8(truncatingIfNeeded: head >> 8), to: Region.self) }

  /// Of simple cells, for tables; 0 where it hasn't been computed.
  @inline(__always)
  var hash: UInt32 {
    get { UInt32(truncatingIfNeeded: head >> 32) }
    set { head = head & 0xFFFF_FFFF | UInt64(newValue) << 32 }
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
    let bytes = UnsafeRawPointer(bytes)
    if count >= 8 {
      var at = 0
      while at &+ 8 < count {
        hash = mix(hash, bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
        at &+= 8
      }
      // The last eight, some of them perhaps for the second time.
      return finish(mix(hash, bytes.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)))
    }
    if count >= 4 {
      let first = bytes.loadUnaligned(as: UInt32.self)
      let last = bytes.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
      return finish(mix(hash, UInt64(first) | UInt64(last) << 32))
    }
    guard count > 0 else { return finish(hash) }
    let first = UInt64(bytes.load(as: UInt8.self))
    let middle = UInt64(bytes.load(fromByteOffset: count >> 1, as: UInt8.self))
    let last = UInt64(bytes.load(fromByteOffset: count &- 1, as: UInt8.self))
    return finish(mix(hash, first | middle << 8 | last << 16))
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
