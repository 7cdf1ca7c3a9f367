import Gateway
import Glibc
import StrictJSON

/// What the demo shows, and its waiting for a key.
struct DemoScreen {
  private let isColoured: Bool
  private let pauses: Bool

  /// - Parameter isScript: waits for no key
  init(isScript: Bool, environment: [String: String]) {
    // NO_COLOR counts when it isn't empty: https://no-color.org
    isColoured =
      isatty(STDOUT_FILENO) == 1 && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    pauses = !isScript && isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
  }

  func title(_ text: String) { show(painted(text, .bold)) }

  func note(_ text: String) { show(text) }

  func step(_ number: Int, _ name: String, _ explanation: String) {
    show("")
    show(painted("\(number). \(name)", .bold))
    for line in Manual.wrapped(explanation, to: 76) { show("   " + line) }
  }

  func request(_ text: String) { show("   " + painted("→", .cyan) + " " + Self.short(text)) }

  func answer(_ text: String) { show("   " + painted("←", .cyan) + " " + Self.short(text)) }

  /// - Parameter found: what there is instead of what was promised
  func promise(_ text: String, isKept: Bool, found: String) {
    guard !isKept else { return show("   " + painted("✓", .green) + " " + text) }
    show("   " + painted("✗", .red) + " " + text)
    if !found.isEmpty { show("     but: " + Self.short(found)) }
  }

  func verdict(_ text: String, isGood: Bool) {
    show("")
    show(painted(text, isGood ? .green : .red))
  }

  /// Until Enter is pressed; not at all when nobody can press it.
  func pause() {
    guard pauses else { return }
    put(painted("   press Enter ", .dim))
    _ = readLine()
  }

  // MARK: Lines

  private enum Paint: String {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case cyan = "36"
  }

  private func painted(_ text: String, _ paint: Paint) -> String {
    isColoured ? "\u{1B}[\(paint.rawValue)m\(text)\u{1B}[0m" : text
  }

  private func show(_ line: String) { put(line + "\n") }

  private func put(_ text: String) {
    Interruption.standStill()
    print(text, terminator: "")
    // Also when standard output is no terminal: who reads along sees each step when it happens.
    fflush(nil)
  }

  /// In characters.
  private static let longestText = 400

  /// A stranger's text on few lines.
  private static func short(_ text: String) -> String {
    let visible = VisibleText.of(text)
    return visible.count <= longestText ? visible : visible.prefix(longestText - 1) + "…"
  }
}
