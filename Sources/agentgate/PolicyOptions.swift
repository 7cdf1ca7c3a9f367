import ArgumentParser
import RegoLite

/// What all verbs on policies take beside their paths.
struct PolicyOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Pass over files and folders whose names match, such as '.*' for hidden ones. Repeatable; commas separate.",
      valueName: "pattern"))
  var ignore: [String] = []

  @Flag(name: [.customShort("S"), .customLong("strict")], help: "Refuse what OPA's strict mode refuses.")
  var strict = false

  @Flag(
    name: .customLong("v0-compatible"),
    help: "Read modules and queries as OPA before 1.0 did, unless a bundle's manifest says otherwise.")
  var v0Compatible = false

  var ignored: [String] { ignore.flatMap { $0.split(separator: ",").map(String.init) } }

  func engine(strictBuiltinErrors: Bool = false) -> PolicyEngine.Options {
    .init(version: v0Compatible ? .v0 : .v1, strictBuiltinErrors: strictBuiltinErrors, strict: strict)
  }
}
