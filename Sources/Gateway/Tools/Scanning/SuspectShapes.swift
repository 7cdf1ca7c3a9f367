/// The shapes that are looked for, the more severe of a rule first but for those that follow up another.
enum SuspectShapes {
  static let all = markup + commands + code + queries + places + secrets

  private static let markup = [
    TextShape(
      .promptMarkup, .high, signs: "<[|{\"",
      [
        #"(?i)</?\s*(?:important|system|assistant|instructions?|critical|urgent|override|directives?|thinking|mandatory"#
          + #"|(?:system|admin|developer|hidden|secret|internal|tool|function|ai|llm|agent|assistant|priority|security)"#
          + #"[-_ ]?(?:prompt|message|instructions?|override|calls?|results?|notes?|directives?|commands?|reminder|info))"#
          + #"(?:\s[^<>\n]*)?>"#,
        #"<\|[a-zA-Z_]+\|>"#, #"(?i)\[/?inst\]"#, #"(?i)<</?sys>>"#, #"(?i)<(?:start|end)_of_turn>"#,
        #"(?i)\[\s*/?(?:system|admin|administrator|hidden|internal|secret|private|developer|assistant|priority)[\s_:-]+"#
          + #"(?:override|instructions?|directives?|commands?|message|prompt|note|mode)[^\]\n]*\]"#,
        #"(?i)(?:\[\[\[|\|\|\||\{\{\{)\s*(?:system|admin|hidden|internal|secret|instructions?)"#,
        #"(?i)"role"\s*:\s*"(?:system|assistant|developer)""#,
      ]),
    TextShape(
      .promptMarkup, .medium, signs: "<[:#=-*",
      [
        #"(?i)</(?:secret|hidden|admin|user|human|developer|prompt|rules?|context|note|policy|task)>"#,
        #"\[(?:SYSTEM|ADMIN|ROOT|OVERRIDE|IMPORTANT|INTERNAL|HIDDEN|ASSISTANT)\]"#,
        #"(?:^|\n)\s*(?:System|SYSTEM|Assistant|ASSISTANT|Human|HUMAN)\s*:\s"#,
        #"(?i)#{2,}\s*(?:system|instructions?|assistant|new task|override|human)\b"#,
        #"(?i)[-=*_]{3,}\s*(?:begin|end|start|system|new|hidden)\b[^\n]*\b(?:instructions?|prompt|system|message|description)"#,
      ]),
    TextShape(
      .htmlComment, .high, signs: "<",
      [
        #"(?is)<!--[^>]*\b(?:system|admin|ignore|execute|curl|wget|bash|nc|override|instructions?|must|secret|password"#
          + #"|tool|user|send|read|assistant|hidden|always|never)\b"#
      ]),
    TextShape(.htmlComment, .medium, signs: "<", ["<!--"]),
    TextShape(
      .activeMarkup, .high, signs: "<:=",
      [
        #"(?i)</?script\b|</script|<script"#, #"(?i)\bdata:(?:text/html|application/(?:x-)?javascript)\s*[;,]"#,
        #"(?i)<(?:iframe|object|embed|form|meta|link|base|svg|body|video|audio|details)\b[^>]*(?:\bsrc|\bhref|\bon\w+|\baction)\s*="#,
        #"(?i)<img\b[^>]*\b(?:onerror|onload)\s*="#, #"(?i)<img\b[^>]*src\s*=\s*["']?\s*(?:https?:)?//"#,
      ]),
    TextShape(
      .activeMarkup, .medium, signs: ":.vVcCwWsS",
      [
        #"(?i)javascript:"#, #"(?i)\bvbscript\b"#, #"(?i)\bCreateObject\b"#, #"(?i)\bWScript\.Shell\b"#,
        #"(?i)\bShell\.Application\b"#, #"(?i)\bon(?:error|load|click|mouseover|focus)\s*=\s*["']"#,
      ]),
    TextShape(
      .terminalEscape, .medium, signs: "\\", [#"(?i)\\x1b"#, #"\\0?33\["#, #"\\e\["#, #"(?i)\\u\{?(?:00)?1b"#]),
  ]

  private static let commands = [
    TextShape(
      .shellCommand, .high, signs: "-|/=;$&7+",
      [
        #"(?i)\b(?:curl|wget|fetch|iwr|invoke-webrequest)\b[^\n|;]*\|\s*(?:sudo\s+)?"#
          + #"(?:(?:ba|z|da|k)?sh|python\d?|node|perl|ruby)\b"#,
        #"\brm\s+-[a-zA-Z]*[rf]"#, #"(?i)\b(?:ba|z)?sh\s+-i\b"#, #"(?i)\bnc(?:at)?\s+-[a-z]*e\b"#, #"/dev/(?:tcp|udp)"#,
        #"\bdd\s+if="#, #"(?i)\bchmod\s+(?:0?777|[46]755|[ugo]*\+s)"#,
        #"(?i)[;&|]\s*(?:curl|wget|rm|nc|bash|whoami|cat\s+/|cat\s+~)\b"#, #"\|\s*base64\b"#,
        #"(?i)powershell(?:\.exe)?\s+-\w"#, #"(?i)\binvoke-expression\b"#, #"(?i)\bcertutil\s+-"#,
        #"\$\((?:curl|wget|cat|whoami|id|env|printenv|base64)\b"#,
      ]),
    TextShape(
      .shellCommand, .medium, signs: "-/+0123456789",
      [
        #"(?i)\b(?:wget|curl)\s+(?:["']?(?:https?|ftp)://|-\w|--\w)"#, #"(?i)\b(?:nc|netcat|ncat|nmap)\s+(?:-|\d)"#,
        #"\b(?:shutdown|reboot|halt)\s+(?:-\w|0)"#, #"(?i)\bcmd(?:\.exe)?\s*/[ck]"#, #"(?i)\bp(?:kill|grep)\s+-f\b"#,
        #"(?i)\bkill\s+(?:-9|1)"#, #"(?i)\bsu\s+-"#, #"(?i)\bch(?:own|grp)\s+(?:root|0)\b"#,
        #"(?i)\bchmod\s+[ugoa]*\+x"#, #"\b(?:bash|sh|zsh)\s+-c\b"#, #"\b(?:python\d?|node|perl|ruby|php)\s+-[ce]\b"#,
      ]),
    TextShape(
      .shellCommand, .low, signs: "-/*",
      [
        #"(?i)\bdel\s[^\n]*/[is]"#, #"(?i)\bfind\s[^\n]*-(?:delete|exec)\b"#, #"(?i)\b(?:rm|del)\s[^*]*\*"#,
      ]),
  ]

  private static let code = [
    TextShape(
      .codeExecution, .medium, signs: "(",
      [
        #"\b(?:system|exec(?:file|sync|ve)?|popen|spawn(?:sync)?|eval|compile|shell_exec|passthru|proc_open)\("#,
        #"(?i)\bos\.(?:system|popen|spawn\w*|exec\w*)\s*\("#, #"(?i)\bsubprocess\.\w*\s*\("#, #"(?i)__import__\s*\("#,
        #"(?i)\b(?:atob|btoa)\s*\("#, #"(?i)base64[_-]?decode\s*\("#, #"(?i)\bBuffer\.from\s*\("#,
        #"(?i)\b(?:pickle|marshal|yaml)\.(?:loads?|unsafe_load)\s*\("#, #"(?i)\bRuntime\.getRuntime\("#,
        #"\brequire\(\s*["']"#,
      ]),
    TextShape(
      .codeExecution, .medium, signs: "._:$-\\`",
      [
        #"(?i)\bchild_process\b"#, #"(?i)\bvm\.(?:runIn\w+|createScript)"#, #"(?i)\bcreate_function|\bcall_user_func"#,
        #"(?i)\bpreg_replace\S*/"#, #"(?i)\bbase64\.(?:b64)?decode"#, #"(?i)Convert\.FromBase64String"#,
        #"(?i)\bBase64::decode"#, #"(?i)\beval\s+(?:\$|`)"#, #"(?i)\bxxd\s+-r\b"#, #"(?i)\bprintf\s+\\x"#,
        #"(?i)\becho\s+-e\b"#, #"(?i)\bbase64\s+(?:-d|--decode|-D)\b"#,
      ]),
    TextShape(
      .codeExecution, .low, signs: "(",
      [#"(?i)\b(?:function|settimeout|setinterval|exec|run|shellexecute)\s*\("#]),
  ]

  private static let queries = [
    TextShape(
      .sqlInjection, .high, signs: "=;'(_",
      [
        #"(?i)\bor\s+['"]?1['"]?\s*=\s*['"]?1"#, #"(?i)\bor\s+''\s*=\s*''"#, #"(?i);\s*drop\s+(?:table|database)\b"#,
        #"(?i)['"]\s*\)?\s*;\s*(?:drop|delete|update|insert|alter|truncate|exec)\b"#, #"(?i)\bxp_cmdshell\b"#,
        #"(?i)\bload_file\s*\("#,
      ]),
    TextShape(
      .sqlInjection, .medium, signs: "(_.",
      [
        #"(?i)\b(?:sleep|benchmark|pg_sleep)\s*\("#, #"(?i)\b(?:extractvalue|updatexml)\s*\("#,
        #"(?i)\bexp\(~\(select"#, #"(?i)\bsp_executesql\b"#, #"(?i)dbms_[a-z_]+\s*\("#, #"(?i)\bmysql\.user\b"#,
        #"(?i)\buser\s*\(\s*\)\s*(?:select|from|where|and|or|union)\b"#, #"(?i)\bconcat\s*\(\s*user\s*\("#,
      ]),
    TextShape(
      .sqlInjection, .low, signs: "(_",
      [#"(?i)\bcast\s*\("#, #"(?i)\b(?:information_schema|all_tables|user_tables)\b"#]),
  ]

  private static let places = [
    TextShape(.systemAccess, .high, signs: "/", [#"/etc/(?:passwd|pwd|shadow|sudoers|gshadow)\b"#]),
    TextShape(
      .systemAccess, .medium, signs: "/\\",
      [#"/etc/hosts\b"#, #"/proc/(?:\d+|self)/"#, #"(?i)c:\\+windows\\+system32\b"#]),
    TextShape(
      .systemAccess, .low, signs: "/$.(",
      [
        #"(?i)(?:/usr)?/s?bin/"#, #"(?i)/(?:tmp|var|root)/"#, #"(?i)\$\{?(?:path|home|user|shell|pwd)"#,
        #"(?i)process\.env"#, #"(?i)os\.environ"#, #"(?i)getenv\s*\("#, #"(?i)\b(?:memory\.dat|process\.mem)\b"#,
        #"(?i)\w\.(?:dmp|dump)\b"#, #"(?i)\bcore\.\w"#,
      ]),
    TextShape(
      .credentialAccess, .medium, signs: "._/\\*",
      [
        "(?i)(?:" + sensitiveFiles + ")", #"(?:^|[\s/"'`(~])\.env\b"#,
        #"(?i)\*\.(?:env|pem|key)\b"#, #"(?i)\*(?:credentials|secrets?|passwords?|tokens?|private[_-]?keys?)\*"#,
        #"(?i)[/\\]\.(?:ssh|aws|kube)[/\\]"#, #"(?i)[/\\]\.(?:gnupg|azure|docker)[/\\]"#,
      ]),
    TextShape(
      .credentialAccess, .high, isFollowUp: true,
      [
        #"(?i)\b(?:read|cat|open|load|upload|send|copy|dump|include|exfiltrate|steal|fetch|grab|pass|retrieve|access"#
          + #"|extract|contents?)\b[^\n]*(?:"# + sensitiveFiles + ")",
        #"(?i)(?:cat|type|less|head|tail|strings|xxd|base64)\s+\S*(?:"# + sensitiveFiles + ")",
      ]),
    TextShape(
      .credentialAccess, .low, signs: "._",
      [
        #"\.(?:keystore|passwd|shadow|config|env|credential|secret|token|private|pub|rsa|dsa|ecdsa|ed25519|pem|crt|cer"#
          + #"|key|p12|pfx|jks)\b"#,
        #"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS)"#,
        #"(?i)\b(?:aws_credentials|gcloud|aws_key|aws_secret|gcloud_key|azure_key|authorized_keys|known_hosts)\b"#,
        #"-rw-r--r--[^\n]*password"#,
      ]),
  ]

  /// Files whose content is a credential or leads to one.
  private static let sensitiveFiles =
    #"\.ssh\b|\.aws/|\bid_(?:rsa|dsa|ecdsa|ed25519)\b|\.netrc\b|\.pgpass\b|\.git-credentials\b|\.npmrc\b|\.pypirc\b"#
    + #"|\bwallet\.dat\b|keychain-db\b|\bcookies\.sqlite\b|\blogins\.json\b|\bkey4\.db\b|\bservice[_-]?account\w*\.json\b"#
    + #"|\bcredentials\.(?:json|csv|xml|ya?ml|db)\b|\bclaude_desktop_config\b|\bmcp\.json\b|\.cursor/|\.claude\.json\b"#
    + #"|\.bash_history\b|\.zsh_history\b|\.tfstate\b|\bdocker/config\.json\b|\.kube/config\b|\bprivate_?key\.pem\b"#
    + #"|/etc/shadow\b|\baws/credentials\b|\.gnupg/|\.env\.(?:local|production|prod)\b"#

  private static let secrets = [
    TextShape(
      .secretValue, .medium, signs: "-_.0123456789",
      [
        #"AKIA[0-9A-Z]{16}"#, #"gh[pousr]_[A-Za-z0-9]{36}"#, #"\bsk-[A-Za-z0-9_-]{20}"#,
        #"\bxox[abprs]-[A-Za-z0-9-]{10}"#,
        #"-----BEGIN [A-Z ]+-----"#, #"ssh-(?:rsa|ed25519)\s+[A-Za-z0-9+/=]{8}"#, #"AIza[0-9A-Za-z_-]{35}"#,
        #"eyJ[A-Za-z0-9_-]{10,}\.eyJ"#,
      ]),
    TextShape(
      .secretValue, .low, signs: ":=\"' ",
      [
        #"(?i)\bapi[_-]?key[^A-Za-z0-9\n]{1,24}[A-Za-z0-9_-]{16}"#, #"[Bb]earer\s+[A-Za-z0-9_-]{16}"#,
        #"-----BEGIN"#,
      ]),
  ]
}
