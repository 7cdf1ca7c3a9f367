/// One thing in a tool's definition that speaks to the model over the operator's head, or looks as if it did.
public struct ToolFinding: Sendable, Equatable {
  /// `critical` is for what has no honest use: text that no person can see but a model reads, and instructions that are
  /// encoded. `high` is an instruction against the user or the operator, `medium` what an honest server rarely has,
  /// `low` what is worth a look when something else is wrong, too.
  public enum Severity: String, Sendable, CaseIterable, Comparable {
    case low, medium, high, critical

    public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }

    private var rank: Int {
      switch self {
      case .low: 0
      case .medium: 1
      case .high: 2
      case .critical: 3
      }
    }
  }

  /// A stable id: `hidden_unicode`, `instruction_override`; `ScanRule` has them all.
  public var rule: String
  public var severity: Severity
  /// Where in the definition: `$.description`, `$.inputSchema.properties.x.description`. For a finding in a member's name
  /// it is that member's path. Long keys are cut, and invisible scalars in them made visible.
  public var path: String
  /// What was found and what stands around it, at most 160 Unicode scalars; what can't be seen is written `\u{200B}`.
  public var excerpt: String
  /// One sentence for the operator.
  public var message: String

  public init(rule: String, severity: Severity, path: String, excerpt: String, message: String) {
    self.rule = rule
    self.severity = severity
    self.path = path
    self.excerpt = excerpt
    self.message = message
  }
}

/// What is looked for. The raw values are the findings' ids and never change.
enum ScanRule: String, Sendable, CaseIterable {
  case hiddenUnicode = "hidden_unicode"
  case homoglyph
  case paddedText = "padded_text"
  case terminalEscape = "terminal_escape"
  case encodedPayload = "encoded_payload"
  case promptMarkup = "prompt_markup"
  case htmlComment = "html_comment"
  case activeMarkup = "active_markup"
  case instructionOverride = "instruction_override"
  case jailbreak
  case modelDirective = "model_directive"
  case concealFromUser = "conceal_from_user"
  case crossToolInstruction = "cross_tool_instruction"
  case remoteInstruction = "remote_instruction"
  case contextLeak = "context_leak"
  case hiddenParameter = "hidden_parameter"
  case credentialAccess = "credential_access"
  case secretRequest = "secret_request"
  case secretValue = "secret_value"
  case exfiltrationURL = "exfiltration_url"
  case exfiltration
  case covertCollection = "covert_collection"
  case dataTampering = "data_tampering"
  case approvalBypass = "approval_bypass"
  case privilegeClaim = "privilege_claim"
  case coercion
  case hiddenTrigger = "hidden_trigger"
  case persistence
  case codeExecution = "code_execution"
  case shellCommand = "shell_command"
  case sqlInjection = "sql_injection"
  case systemAccess = "system_access"

  /// One sentence for the operator.
  var message: String {
    switch self {
    case .hiddenUnicode: "The text holds characters that no person sees but a model reads."
    case .homoglyph: "Letters of another script or style stand in for Latin ones that look the same."
    case .paddedText: "Text is pushed out of sight by a long run of blanks."
    case .terminalEscape: "A terminal escape or control character can hide or rewrite what an operator sees."
    case .encodedPayload: "Text is encoded so that a reader doesn't see what it says."
    case .promptMarkup: "The text imitates the markup of a system message or of a chat template."
    case .htmlComment: "An HTML comment is left out where the text is rendered, but a model reads it."
    case .activeMarkup: "The text holds markup or script that a client could run or load."
    case .instructionOverride: "The text tells the model to set its instructions aside."
    case .jailbreak: "The text gives the model another role or tells it that its limits are off."
    case .modelDirective: "The text addresses the model itself rather than describing the tool."
    case .concealFromUser: "The text tells the model to hide something from the user."
    case .crossToolInstruction: "The text orders how, when or whether other tools are to be called."
    case .remoteInstruction: "The text tells the model to obey what it finds elsewhere."
    case .contextLeak: "The text asks for the conversation, the system prompt or the model's reasoning."
    case .hiddenParameter: "A parameter or function is described as hidden, or as a side channel."
    case .credentialAccess: "The text names files or variables that hold credentials."
    case .secretRequest: "The text asks the model for secrets."
    case .secretValue: "The text holds what looks like a secret's value."
    case .exfiltrationURL: "The text names an address that data could be sent to unseen."
    case .exfiltration: "The text speaks of sending data elsewhere."
    case .covertCollection: "The text speaks of collecting or keeping data beside the tool's purpose."
    case .dataTampering: "The text tells the model to alter what other tools send or write."
    case .approvalBypass: "The text tells the model to go on without asking for confirmation."
    case .privilegeClaim: "The text claims an authority or privileges that a tool's definition can't grant."
    case .coercion: "The text presses the model to use this tool or threatens that it fails otherwise."
    case .hiddenTrigger: "The text makes behaviour depend on a hidden condition."
    case .persistence: "The text tells the model to change its memory, its rules or its configuration."
    case .codeExecution: "The text holds code that runs or decodes other code."
    case .shellCommand: "The text holds a shell command."
    case .sqlInjection: "The text holds what is used for SQL injection."
    case .systemAccess: "The text names parts of the operating system."
    }
  }
}
