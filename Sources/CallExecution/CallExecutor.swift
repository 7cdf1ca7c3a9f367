import Dispatch
import JSONRPC
import NIOCore

/// Runs the tasks that a call is made of on the thread where its bytes come in, as far as that can be: the one that reads
/// a pipe, or an event loop. Waking another thread for each step costs more than all steps together.
///
/// What blocks, or computes for long, isn't run here.
public final class CallExecutor: TaskExecutor {
  public static let shared = CallExecutor()

  /// For what is resumed elsewhere, and for what the threads above have no time for.
  private let pool = DispatchQueue(label: "agentgate.calls", attributes: .concurrent)

  /// Does `work` right after the step that is under way on this thread, before what follows from it.
  public static func next(_ work: @escaping @Sendable () -> Void) {
    if LineChannel.afterwards(work) { return }
    if let loop = EventLoops.current { loop.execute(work) } else { work() }
  }

  /// Does `work` when the step that is under way on this thread is over, and for an event loop what follows from it at
  /// once: for what has to be done soon, but mustn't hold up what is on its way out.
  public static func later(_ work: @escaping @Sendable () -> Void) {
    if LineChannel.afterwards(work) { return }
    if let loop = EventLoops.current {
      loop.scheduleTask(in: .microseconds(100), work)
    } else {
      work()
    }
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let run: @Sendable () -> Void = { [executor = asUnownedTaskExecutor()] in job.runSynchronously(on: executor) }
    if LineChannel.afterwards(run) { return }
    if let loop = EventLoops.current {
      loop.execute(run)
    } else {
      pool.async(execute: run)
    }
  }
}
