import Gateway
import Logging
import Synchronization

/// Keeps the lines that were logged.
final class LogRecorder: Sendable {
  private let recorded = Mutex<[String]>([])

  var lines: [String] { recorded.withLock { $0 } }
  var text: String { lines.joined() }

  var logger: Logger {
    Logger(label: "test") { label in
      JSONLogHandler(label: label, level: .trace) { line in
        self.recorded.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
      }
    }
  }
}
