import ArgumentParser
import CCounters
import Glibc
import RegoLite
import StrictJSON
import Synchronization

struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure what a decision costs.",
    discussion: Manual(
      """
      Decides again and again, in turn for each input, and prints nanoseconds and heap allocations a decision, and \
      instructions where the machine counts them. A decision begins with the input's JSON text and ends with the \
      result's; with --parsed it begins with an input that has been read and ends with the result, which may be a \
      constant of the policy.

      With --format json: {"ns_per_decision": {"min", "median", "max"}, "allocations_per_decision", \
      "instructions_per_decision" (null where they aren't counted), "decisions_per_second", "threads", "load_ms", \
      "resident_bytes", "is_compiled"}. Minimum, median and maximum are over 15 runs of --count decisions in all; \
      decisions_per_second is what all threads do together, at the median.
      """,
      exitCodes: [
        0: "the figures are printed", 2: "a mistake in a file, a policy or the query, or an error in evaluating it",
      ],
      examples: [
        "agentgate bench -d policies -i call.json data.agentgate.decision",
        "agentgate bench -d policies -i call.json --threads 2 --format json \\", "  data.agentgate.decision",
      ]
    ).text)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case pretty, json
  }

  @Option(
    name: [.customShort("d"), .customLong("data")],
    help: ArgumentHelp(PolicyPaths.help + " Repeatable.", valueName: "path"))
  var data: [String] = []

  @Option(
    name: [.customShort("i"), .customLong("input")],
    help: ArgumentHelp("An input document, JSON. Repeatable.", valueName: "file"))
  var input: [String] = []

  @Option(name: .long, help: "Decisions in all; each thread makes as many.")
  var count = 200_000

  @Option(name: .long, help: "Threads that decide at once.")
  var threads = 1

  @Flag(name: .long, help: "Leave the reading of the input out.")
  var parsed = false

  @Option(name: [.customShort("f"), .customLong("format")], help: "How to print the result.")
  var format: Format = .pretty

  @OptionGroup var options: PolicyOptions

  @Argument(help: "The document to decide: data.agentgate.decision.")
  var query: String

  private static let runs = 15

  func validate() throws {
    guard count >= Self.runs, threads >= 1, threads <= 64 else {
      throw ValidationError("--count is \(Self.runs) at least, --threads from 1 to 64")
    }
    guard query.hasPrefix("data."),
      query.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ !$0.isEmpty })
    else { throw ValidationError("the query has to be a document's path: data.agentgate.decision") }
  }

  func run() async throws {
    let began = ContinuousClock.now
    let subject: Subject = try ErrorReport.exiting(as: .pretty) { () throws(ErrorReport) in try self.subject() }
    let load = began.duration(to: .now)
    let figures: Figures = try ErrorReport.exiting(as: .pretty) { () throws(ErrorReport) in
      // Once each, so that errors come before the measuring.
      try subject.check()
      return try measure(subject)
    }
    print(figures, load: load, isCompiled: subject.document.isCompiled)
  }

  private func subject() throws(ErrorReport) -> Subject {
    let sources = try PolicyPaths(paths: data, ignored: options.ignored)
    let engine = try sources.engine(options.engine())
    let path = query.split(separator: ".").dropFirst().map(String.init)
    guard engine.hasDocument(at: path) else { throw ErrorReport(file: "", "nothing defines \(query)") }
    let texts = try ErrorReport.reading { () throws(FileProblems) in
      var texts: [[UInt8]] = []
      for file in input { texts.append(try FileText.bytes(of: file)) }
      return texts.isEmpty ? [Array("{}".utf8)] : texts
    }
    return Subject(
      engine: engine, document: engine.prepare(document: path, compiling: true), texts: texts, names: input,
      isParsed: parsed)
  }

  // MARK: Measuring

  private struct Subject: Sendable {
    let engine: PolicyEngine
    let document: PolicyEngine.PreparedDocument
    let texts: [[UInt8]]
    let names: [String]
    let isParsed: Bool

    func check() throws(ErrorReport) {
      for index in texts.indices {
        var output: [UInt8] = []
        let name = names.indices.contains(index) ? names[index] : "the input"
        do throws(PolicyEngine.DecisionFault) {
          _ = try texts[index].withUnsafeBufferPointer { bytes throws(PolicyEngine.DecisionFault) in
            try engine.decide(document, json: bytes, into: &output)
          }
        } catch {
          switch error {
          case .input(let error):
            throw ErrorReport([FileProblem(file: name, message: error.message, line: error.line, column: error.column)])
          case .evaluation(let error): throw ErrorReport(error)
          }
        }
      }
    }

  }

  /// A thread's own: two that count references to the same object would wait for each other.
  private struct Inputs: ~Copyable {
    let texts: [UnsafeMutableBufferPointer<UInt8>]
    let read: [PolicyEngine.ReadInput?]
    let values: [Value]
    let isParsed: Bool
    var count: Int { texts.count }

    init(_ subject: Subject) {
      texts = subject.texts.map { text in
        let own = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(1, text.count))
        _ = own.initialize(from: text)
        return UnsafeMutableBufferPointer(rebasing: own[..<text.count])
      }
      read = texts.map { subject.engine.read(UnsafeBufferPointer($0), for: subject.document) }
      values = subject.texts.map { (try? Value.parse(json: $0)) ?? .null }
      isParsed = subject.isParsed
    }

    deinit { for text in texts { text.deallocate() } }

    /// Decides for the input; errors have come before.
    @inline(__always)
    func decide(
      _ index: Int, _ engine: PolicyEngine, _ document: PolicyEngine.PreparedDocument, _ output: inout [UInt8]
    ) -> Bool {
      do {
        guard isParsed else {
          output.removeAll(keepingCapacity: true)
          return try engine.decide(document, json: UnsafeBufferPointer(texts[index]), into: &output)
        }
        guard let read = read[index] else { return try engine.decide(document, input: values[index]) != nil }
        if case .undefined = try engine.outcome(of: document, input: read) { return false }
        return true
      } catch {
        return false
      }
    }
  }

  private struct Figures {
    /// Nanoseconds a decision, of each run in order of size.
    var runs: [Double] = []
    /// Absent where they aren't counted.
    var allocations: Double?
    var instructions: Double?
    var perSecond = 0.0
    var median: Double { runs[runs.count / 2] }
  }

  private func measure(_ subject: Subject) throws(ErrorReport) -> Figures {
    let rounds = max(1, count / Self.runs / subject.texts.count)
    // The first decisions fill caches, the thread's memory among them.
    Self.pass(subject, min(rounds, 1_000))
    var figures = Figures()
    for _ in 0..<Self.runs {
      let nanoseconds =
        threads == 1 ? Self.pass(subject, rounds).nanoseconds : Self.passes(subject, rounds, threads: threads)
      figures.runs.append(Double(nanoseconds) / Double(rounds * subject.texts.count))
    }
    figures.runs.sort()
    figures.perSecond = 1e9 / figures.median * Double(threads)
    let counted = Double(rounds * subject.texts.count)
    figures.allocations = Self.pass(subject, rounds).allocations.map { Double($0) / counted }
    let descriptor = counters_open_instructions()
    if descriptor >= 0 {
      let before = counters_instructions(descriptor)
      Self.pass(subject, rounds)
      let after = counters_instructions(descriptor)
      if before >= 0, after >= 0 { figures.instructions = Double(after - before) / counted }
      close(descriptor)
    }
    return figures
  }

  /// What so many rounds took; allocations are absent where they aren't counted.
  @discardableResult
  private static func pass(_ subject: Subject, _ rounds: Int) -> (nanoseconds: Int, allocations: Int64?) {
    let inputs = Inputs(subject)
    let (engine, document) = (subject.engine, subject.document)
    var output: [UInt8] = []
    output.reserveCapacity(4096)
    var decided = 0
    let before = counters_allocations()
    let began = ContinuousClock.now
    for _ in 0..<rounds {
      for index in 0..<inputs.count where inputs.decide(index, engine, document, &output) { decided += 1 }
    }
    let time = began.duration(to: .now)
    let allocations = before >= 0 ? counters_allocations() - before : nil
    // Used, so that nobody finds the loop to be for nothing.
    sink.store(decided, ordering: .relaxed)
    return (time.nanoseconds, allocations)
  }

  private static let sink = Atomic(0)

  /// Each thread makes as many decisions; the time of the slowest.
  private static func passes(_ subject: Subject, _ rounds: Int, threads: Int) -> Int {
    final class Job {
      let subject: Subject
      let rounds: Int
      var nanoseconds = 0
      init(_ subject: Subject, _ rounds: Int) { (self.subject, self.rounds) = (subject, rounds) }
    }
    var running: [(thread: pthread_t, job: Job)] = []
    for _ in 0..<threads {
      let job = Job(subject, rounds)
      var thread = pthread_t()
      let status = pthread_create(
        &thread, nil,
        { argument in
          let job = Unmanaged<Job>.fromOpaque(argument!).takeRetainedValue()
          job.nanoseconds = Bench.pass(job.subject, job.rounds).nanoseconds
          return nil
        }, Unmanaged.passRetained(job).toOpaque())
      if status == 0 { running.append((thread, job)) }
    }
    for (thread, _) in running { pthread_join(thread, nil) }
    return running.map(\.job.nanoseconds).max() ?? 0
  }

  // MARK: Printing

  private func print(_ figures: Figures, load: Duration, isCompiled: Bool) {
    let (least, most) = (figures.runs[0], figures.runs[figures.runs.count - 1])
    switch format {
    case .json:
      func number(_ value: Double?) -> String { value.map { "\(Self.rounded($0))" } ?? "null" }
      Swift.print(
        """
        {"ns_per_decision":{"min":\(number(least)),"median":\(number(figures.median)),"max":\(number(most))},\
        "allocations_per_decision":\(number(figures.allocations)),\
        "instructions_per_decision":\(number(figures.instructions)),\
        "decisions_per_second":\(Int(figures.perSecond)),"threads":\(threads),\
        "load_ms":\(number(Double(load.nanoseconds) / 1e6)),"resident_bytes":\(Self.residentBytes),\
        "is_compiled":\(isCompiled)}
        """)
    case .pretty:
      Swift.print(
        "ns a decision    \(Self.rounded(figures.median)) (from \(Self.rounded(least)) to \(Self.rounded(most)))")
      if let allocations = figures.allocations { Swift.print("allocations      \(Self.rounded(allocations))") }
      if let instructions = figures.instructions { Swift.print("instructions     \(Self.rounded(instructions))") }
      Swift.print("decisions/s      \(Int(figures.perSecond)) on \(threads) \(threads == 1 ? "thread" : "threads")")
      Swift.print("loaded in        \(load.goText), \(Self.residentBytes >> 20) MB resident")
      if !isCompiled { Swift.print("not compiled: the evaluator runs the policy's plan") }
    }
  }

  private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

  /// Of the process; 0 where the system doesn't say.
  private static var residentBytes: Int {
    guard let bytes = try? FileText.bytes(of: "/proc/self/statm") else { return 0 }
    let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(getpagesize()) : 0
  }
}
