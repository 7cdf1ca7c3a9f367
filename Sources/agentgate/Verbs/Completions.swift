import ArgumentParser

struct Completions: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print a script that lets a shell complete verbs and flags.",
    discussion: Manual(
      """
      Put the script where the shell looks for it, and open a new shell:

        bash  ~/.local/share/bash-completion/completions/agentgate
        zsh   _agentgate in a folder of $fpath, before compinit runs
        fish  ~/.config/fish/completions/agentgate.fish
      """,
      exitCodes: [0: "the script is printed"],
      examples: [
        "mkdir -p ~/.local/share/bash-completion/completions",
        "agentgate completions bash \\", "  > ~/.local/share/bash-completion/completions/agentgate",
        "mkdir -p ~/.zsh/completions",
        "agentgate completions zsh > ~/.zsh/completions/_agentgate",
        "# and in ~/.zshrc, before compinit: fpath=(~/.zsh/completions $fpath)",
        "mkdir -p ~/.config/fish/completions",
        "agentgate completions fish > ~/.config/fish/completions/agentgate.fish",
      ]
    ).text)

  enum Shell: String, ExpressibleByArgument, CaseIterable {
    case bash, zsh, fish

    var known: CompletionShell {
      switch self {
      case .bash: .bash
      case .zsh: .zsh
      case .fish: .fish
      }
    }
  }

  @Argument(help: "The shell.")
  var shell: Shell

  func run() throws { print(AgentGate.completionScript(for: shell.known)) }
}
