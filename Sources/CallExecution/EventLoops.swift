public import NIOCore
import NIOPosix

/// The event loops of this process. (In a target of their own: whoever imports NIOPosix no longer sees `stat` and others
/// as those of Glibc.)
public enum EventLoops {
  /// Those that servers and clients share.
  public static var all: [any EventLoop] { Array(MultiThreadedEventLoopGroup.singleton.makeIterator()) }

  /// The one whose thread this is; absent on other threads.
  public static var current: (any EventLoop)? { MultiThreadedEventLoopGroup.currentEventLoop }
}
