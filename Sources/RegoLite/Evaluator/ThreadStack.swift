import CPrimitives

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How far down the calling thread's stack may grow.
enum ThreadStack {
  /// Left free for builtins and for walking values, whose nesting nobody counts.
  private static let reserve: UInt = 128 * 1024
  /// What a thread of unknown size is taken to have.
  private static let assumed: UInt = 256 * 1024
  /// The main thread's stack may be said to be without limit.
  private static let most: UInt = 64 * 1024 * 1024

  /// The address below which nothing may run. Asked once in each thread: the system may read a file to answer.
  static var limit: UInt {
    guard let key else { return here - min(here, assumed) }
    if let known = pthread_getspecific(key) { return UInt(bitPattern: known) }
    let bottom = bounds ?? here - min(here, assumed)
    let limit = max(bottom, here - min(here, most)) + reserve
    pthread_setspecific(key, UnsafeRawPointer(bitPattern: limit))
    return limit
  }

  /// The same, or higher: so many bytes below the caller's frame; absent for all that the thread has.
  static func limit(within bytes: Int?) -> UInt {
    guard let bytes else { return limit }
    let here = here
    return max(limit, here - min(here, UInt(max(0, bytes))))
  }

  /// What the deepest syntax tree needs to be read and compiled in a debug build, and as much again.
  private static let room = 64 * 1024 * 1024

  /// This thread has such a stack.
  static var hasRoom: Bool { here - min(here, limit) > UInt(room / 2) }

  /// Runs `work` on a thread with a large stack while this one waits; here when this one has such a stack, and when no
  /// thread can be had.
  static func withRoom<Result, Failure: Error>(
    _ work: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    if hasRoom { return try work() }
    var result: Swift.Result<Result, Failure>?
    let run = {
      do throws(Failure) {
        result = .success(try work())
      } catch {
        result = .failure(error)
      }
    }
    withoutActuallyEscaping(run) { run in
      if !runOnLargeStack(run) { run() }
    }
    guard let result else { preconditionFailure("a thread that was joined has run") }
    return try result.get()
  }

  /// False when no thread could be made.
  private static func runOnLargeStack(_ work: @escaping () -> Void) -> Bool {
    final class Errand {
      let work: () -> Void
      init(_ work: @escaping () -> Void) { self.work = work }
    }
    // Not `pthread_attr_t()`: which module defines that initializer depends on what else a build imports.
    return withUnsafeTemporaryAllocation(of: pthread_attr_t.self, capacity: 1) { buffer in
      guard let attributes = buffer.baseAddress, pthread_attr_init(attributes) == 0 else { return false }
      defer { pthread_attr_destroy(attributes) }
      guard pthread_attr_setstacksize(attributes, room) == 0 else { return false }
      let errand = Unmanaged.passRetained(Errand(work))
      defer { errand.release() }
      var thread: pthread_t = 0
      let status = pthread_create(
        &thread, attributes,
        { argument in
          if let argument { Unmanaged<Errand>.fromOpaque(argument).takeUnretainedValue().work() }
          return nil
        }, errand.toOpaque())
      return status == 0 && pthread_join(thread, nil) == 0
    }
  }

  private static let key: pthread_key_t? = {
    var key = pthread_key_t()
    return pthread_key_create(&key, nil) == 0 ? key : nil
  }()

  @inline(__always)
  static var here: UInt { UInt(primitives_stack_address()) }

  #if canImport(Glibc)
    private typealias GetAttributes = @convention(c) (pthread_t, UnsafeMutablePointer<pthread_attr_t>) -> CInt

    /// The C library has it, but its headers show it to GNU programs alone.
    private static let getAttributes: GetAttributes? = dlsym(nil, "pthread_getattr_np").map {
      unsafeBitCast($0, to: GetAttributes.self)
    }
  #endif

  /// The lowest address of the thread's stack.
  private static var bounds: UInt? {
    #if canImport(Glibc)
      guard let getAttributes else { return nil }
      return withUnsafeTemporaryAllocation(of: pthread_attr_t.self, capacity: 1) { buffer in
        guard let attributes = buffer.baseAddress, getAttributes(pthread_self(), attributes) == 0 else { return nil }
        defer { pthread_attr_destroy(attributes) }
        var address: UnsafeMutableRawPointer?
        var size = 0
        guard pthread_attr_getstack(attributes, &address, &size) == 0, let address else { return nil }
        return UInt(bitPattern: address)
      }
    #else
      let top = UInt(bitPattern: pthread_get_stackaddr_np(pthread_self()))
      return top - UInt(pthread_get_stacksize_np(pthread_self()))
    #endif
  }
}
