import Glibc

/// Runs `work` on a thread with 512 kB of stack, the least that Swift's runtimes give their threads.
func onSmallStack(_ work: @escaping @Sendable () -> Void) {
  final class Box {
    let work: @Sendable () -> Void
    init(_ work: @escaping @Sendable () -> Void) { self.work = work }
  }
  let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
  defer { attributes.deallocate() }
  pthread_attr_init(attributes)
  pthread_attr_setstacksize(attributes, 512 * 1024)
  var thread: pthread_t = 0
  let status = pthread_create(
    &thread, attributes,
    { argument in
      if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().work() }
      return nil
    }, Unmanaged.passRetained(Box(work)).toOpaque())
  precondition(status == 0)
  pthread_join(thread, nil)
}
