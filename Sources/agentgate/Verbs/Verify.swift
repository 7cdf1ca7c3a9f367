import ArgumentParser
import FoundationEssentials
import Gateway
import StrictJSON

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check that an evidence pack, or a trace store, is as the gateway made it.",
    discussion: Manual(
      """
      Says which event was changed, removed, added or moved. A pack is checked alone, with --store also against the \
      trace store that it was made from; a store is checked alone without a pack. Needs no server.

      The pack names the key that signed it. That the key is the gateway's is known only when it is given: get it from \
      GET /.well-known/agentgate-evidence-key, and not together with the pack.
      """,
      files: ["traces.db, traces.db-seal": "with --store: the store, and the signed hash of it while no gateway runs"],
      exitCodes: [0: "all is as it was made", 1: "something isn't, which is printed, or can't be read"],
      examples: [
        "agentgate verify pack.json", "agentgate verify pack.json --public-key key.json",
        "agentgate verify pack.json --store state/traces.db", "agentgate verify --store state/traces.db",
      ]
    ).text)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case pretty, json
  }

  @Argument(help: ArgumentHelp("The pack, as JSON; - for standard input.", valueName: "pack.json"))
  var pack: String?

  @Option(name: .long, help: ArgumentHelp("The gateway's public key: JWK, PEM or hex.", valueName: "file"))
  var publicKey: String?

  @Option(
    name: .long,
    help: ArgumentHelp("The variable with the signing key (AGENTGATE_SIGNING_KEY) of the gateway.", valueName: "name"))
  var signingKeyEnv: String?

  @Option(name: .long, help: ArgumentHelp("The trace store.", valueName: "traces.db"))
  var store: String?

  @Option(name: .long, help: "How to print the result.")
  var format: Format = .pretty

  func validate() throws {
    guard pack != nil || store != nil else { throw ValidationError("Give a pack, or a trace store with --store.") }
  }

  func run() throws {
    let key = try publicKey.map { path in
      guard let key = EvidencePublicKey(text: try Self.read(path)) else {
        throw Problem("\(path): is no Ed25519 public key (a JWK, PEM, or 64 hexadecimal digits)")
      }
      return key
    }
    let signingKey = try signingKeyEnv.map { name in
      guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
        throw Problem("\(name): is not set")
      }
      return value
    }
    var findings: [EvidenceFinding] = []
    var notes: [String] = []
    let check = try pack.map { EvidencePackCheck(try Self.read($0), publicKey: key, signingKey: signingKey) }
    if let check {
      findings += check.findings
      notes.append(check.summary)
      if key == nil, signingKey == nil { notes.append(Self.unknownKey(check.publicKey)) }
      if signingKey == nil, check.hasHMAC { notes.append("its HMAC was not checked: no signing key was given") }
    }
    if let store {
      do throws(TraceStoreError) {
        let audit = try TraceStoreAudit(path: store, publicKey: key, signingKey: signingKey, pack: check?.claim)
        findings += audit.findings
        if let check { findings += audit.differences(from: check) }
        notes.append("\(store): \(audit.size) events, \(audit.running) calls without an outcome yet")
        if check == nil, key == nil, signingKey == nil { notes.append(Self.unknownKey(audit.publicKey)) }
      } catch {
        throw Problem("\(error)")
      }
    }
    report(findings, notes)
    if !findings.isEmpty { throw ExitCode(1) }
  }

  private func report(_ findings: [EvidenceFinding], _ notes: [String]) {
    switch format {
    case .json:
      let list = findings.map { finding -> JSONValue in
        ["place": .string(finding.place), "problem": .string(finding.problem)]
      }
      print(
        JSONValue.object([
          "verified": .boolean(findings.isEmpty), "findings": .array(list), "notes": .array(notes.map { .string($0) }),
        ]).serializedString())
    case .pretty:
      for finding in findings { print(finding) }
      for note in notes { print(note) }
      print(findings.isEmpty ? "verified" : "NOT verified: \(findings.count) findings")
    }
  }

  private static func unknownKey(_ key: EvidencePublicKey?) -> String {
    "signed by the key \(key?.thumbprint ?? "(none)"), which it names itself: give --public-key to know whose it is"
  }

  private static func read(_ path: String) throws -> [UInt8] {
    if path == "-" {
      guard let bytes = StandardInput.bytes() else { throw Problem("standard input can't be read") }
      return bytes
    }
    do throws(FileProblems) {
      return try FileText.bytes(of: path)
    } catch {
      throw Problem(error.problems.map { "\($0.file): \($0.message)" }.joined(separator: "\n"))
    }
  }

  /// Ends the verb with code 1.
  private struct Problem: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }
}
