import FoundationEssentials
import Glibc

// `agentgate-fuzz TARGET [OPTIONS OF LIBFUZZER]` fuzzes one target; `agentgate-fuzz seeds FOLDER FILES…` writes the
// corpora that they begin with. `scripts/fuzz` runs both.

/// libFuzzer's loop. Returns only when `-runs` or `-max_total_time` is over.
@_silgen_name("LLVMFuzzerRunDriver")
func runFuzzer(
  _ argumentCount: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

func bytes(_ start: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
  Array(UnsafeBufferPointer(start: start, count: count))
}

/// Ends the run, so that libFuzzer keeps the bytes that led here.
func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  if condition { return }
  FileHandle.say("property broken: " + message())
  abort()
}

enum FileHandle {
  static func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}

// The test functions are C functions: they can capture nothing, so each target has its own.
let targets: [String: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt] = [
  "lexer": { start, count in
    LexerTarget.test(bytes(start, count))
    return 0
  },
  "parser": { start, count in
    ParserTarget.test(bytes(start, count))
    return 0
  },
  "json": { start, count in
    JSONTarget.test(bytes(start, count))
    return 0
  },
  "evaluator": { start, count in
    EvaluatorTarget.test(bytes(start, count))
    return 0
  },
]

var arguments = CommandLine.arguments
guard arguments.count > 1 else {
  FileHandle.say("usage: agentgate-fuzz lexer|parser|json|evaluator [options of libFuzzer]")
  exit(2)
}
let verb = arguments.remove(at: 1)
if verb == "seeds", arguments.count > 1 {
  try Seeds.write(to: arguments[1], from: Array(arguments[2...]))
  exit(0)
}
guard let test = targets[verb] else {
  FileHandle.say("no target \(verb): lexer, parser, json or evaluator")
  exit(2)
}
var pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: arguments.count + 1)
for (index, argument) in arguments.enumerated() { pointers[index] = strdup(argument) }
pointers[arguments.count] = nil
var count = CInt(arguments.count)
exit(runFuzzer(&count, &pointers, test))
