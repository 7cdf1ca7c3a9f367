/// This build of AgentGate, as `/health`, the evidence and `--version` name it.
public enum Version {
  public static let current = "0.3.0"
}
