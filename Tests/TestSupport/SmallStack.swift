#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs `work` on a thread of its own and waits for it: with 512 kB of stack, the least that Swift's runtimes give their
/// threads, unless another size is asked for. Absent when no thread could be made.
@discardableResult
public func onSmallStack<Result: Sendable>(
  bytes: Int = 512 << 10, _ work: @escaping @Sendable () -> Result
) -> Result? {
  var result: Result?
  let errand = Errand { result = work() }
  // Not `pthread_attr_t()`: which module defines that initializer depends on what else a build imports.
  let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
  defer { attributes.deallocate() }
  pthread_attr_init(attributes)
  defer { pthread_attr_destroy(attributes) }
  pthread_attr_setstacksize(attributes, bytes)
  var thread: pthread_t = 0
  let status = pthread_create(
    &thread, attributes,
    { argument in
      if let argument { Unmanaged<Errand>.fromOpaque(argument).takeRetainedValue().run() }
      return nil
    }, Unmanaged.passRetained(errand).toOpaque())
  guard status == 0 else { return nil }
  pthread_join(thread, nil)
  return result
}

// A C function can't be generic: it sees this.
private final class Errand {
  let run: () -> Void
  init(_ run: @escaping () -> Void) { self.run = run }
}
