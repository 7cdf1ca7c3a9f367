import Synchronization

/// What is counted for each value of a label, where the values come from outside: tools' names, rules.
///
/// Bounded: a value beyond `limit` others and one longer than `longestValue` count as `other`. Values are never forgotten
/// while the process lives, as a counter must not step back.
final class LabelTable<Series: Sendable>: Sendable {
  static var limit: Int { 1_000 }
  /// In bytes of UTF-8.
  static var longestValue: Int { 256 }
  static var other: String { "other" }

  private let make: @Sendable () -> Series
  /// Values by their bytes.
  private let table: Mutex<[ExactText: Series]>
  /// With those that were there from the start, and without `other`.
  private let capacity: Int

  /// - Parameter known: values that are there from the start; they don't count towards the limit
  init(known: [String] = [], _ make: @escaping @Sendable () -> Series) {
    self.make = make
    var series: [ExactText: Series] = [:]
    for value in known { series[ExactText(value)] = make() }
    capacity = series.count + Self.limit
    table = Mutex(series)
  }

  func series(of value: String) -> Series {
    table.withLock { table in
      if let series = table[ExactText(value)] { return series }
      let isOwn = table.count < capacity && Self.canBeLabel(value)
      let key = ExactText(isOwn ? value : Self.other)
      if let series = table[key] { return series }
      let series = make()
      table[key] = series
      return series
    }
  }

  /// In the order of the values' bytes.
  var all: [(value: String, series: Series)] {
    table.withLock { $0.map { (value: $0.key, series: $0.value) } }
      .sorted { $0.value < $1.value }
      .map { (value: $0.value.text, series: $0.series) }
  }

  static func canBeLabel(_ value: String) -> Bool { value.utf8.count <= longestValue }
}
