private import CZlib

/// Compresses streams, each on its own, with the memory of the one before.
final class Deflater {
  private var stream = z_stream()
  private let isReady: Bool

  /// `level` is zlib's, 1 to 9.
  init(level: Int32) {
    isReady = deflateInit_(&stream, level, zlibVersion(), Int32(MemoryLayout<z_stream>.size)) == Z_OK
  }

  deinit { if isReady { deflateEnd(&stream) } }

  /// zlib's format (RFC 1950), as /FlateDecode wants it; absent when it can't be had.
  func compressed(_ bytes: [UInt8]) -> [UInt8]? {
    guard isReady, deflateReset(&stream) == Z_OK, let length = UInt32(exactly: bytes.count) else { return nil }
    let bound = Int(deflateBound(&stream, UInt(length)))
    guard let capacity = UInt32(exactly: bound) else { return nil }
    var isComplete = false
    let result = bytes.withUnsafeBufferPointer { input in
      [UInt8](unsafeUninitializedCapacity: bound) { output, count in
        // zlib's pointer isn't const, but it only reads.
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = length
        stream.next_out = output.baseAddress
        stream.avail_out = capacity
        isComplete = deflate(&stream, Z_FINISH) == Z_STREAM_END
        count = bound - Int(stream.avail_out)
      }
    }
    return isComplete ? result : nil
  }
}
