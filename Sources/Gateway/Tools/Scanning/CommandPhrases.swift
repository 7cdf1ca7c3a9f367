/// Commands, code and queries that are known by their words alone; those with signs are `SuspectShapes`.
enum CommandPhrases {
  static let families = [
    PhraseFamily(.shellCommand, .medium, "sudo\nnet user*\nrundll32|wmic*|killall\nshutdown|reboot|halt now"),
    PhraseFamily(
      .shellCommand, .low,
      """
      powershell*
      reg|pidof|lsof|shred|wipefs|runuser|doas|setuid|setgid|mkfifo|mkfs
      kill 1
      chown|chgrp root
      socat ~~40 exec*
      """),
    PhraseFamily(.codeExecution, .medium, "popen*\neval base64"),
    PhraseFamily(.codeExecution, .low, "assert*|uuencode*|hexdump"),
    PhraseFamily(.sqlInjection, .high, "into outfile|dumpfile"),
    PhraseFamily(.sqlInjection, .medium, "union [all] select\nwaitfor delay"),
    PhraseFamily(.sqlInjection, .low, "from dual"),
    // What access keys of AWS begin with.
    PhraseFamily(.secretValue, .low, "akia*"),
    PhraseFamily(.promptMarkup, .low, "system|admin override|instruction"),
  ]
}
