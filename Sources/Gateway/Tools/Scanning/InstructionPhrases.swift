/// What a definition says to the model that it should not: instructions against the user, the operator or other tools.
enum InstructionPhrases {
  static let abbreviations = [
    "not": "(do not | dont | never | must not | mustnt | should not | shouldnt | shall not | cannot | cant | not to "
      + "| avoid | refrain from | under no circumstances | no need to)",
    "rules": "instruction|prompt|rule|guideline|directive|guardrail|restriction|constraint|policy|safeguard|programming"
      + "|training|guidance|command|order|directions",
    "before": "previous|previously|prev|prior|earlier|above|preceding|foregoing|former|existing|original|initial",
    "user": "user|users|human|person|people|operator|customer|anyone|anybody|them|owner",
    "use": "use|call|invoke|run|execute|employ|access|consult|trigger",
    "tool": "tool|function|command|operation|action",
    "read": "read|open|cat|load|parse|fetch|access|retrieve|get",
    "give":
      "pass|include|send|provide|put|hand|supply|submit|forward|attach|append|add|upload|paste|insert|embed|transmit|post"
      + "|write|place|fill",
    "move": "send|upload|transmit|forward|post|exfiltrate|relay|leak|ship|export|transfer|deliver|dispatch|stream|share"
      + "|report|push|sync|copy|save|store|backup|email|mail",
    "talk": "conversation|chat|dialogue|dialog|transcript",
  ]

  static let families = [
    PhraseFamily(
      .instructionOverride, .high,
      """
      ignore|disregard|forget|override|bypass|neglect|overlook|discard|supersede|overrule|replace|abandon|drop \
      ~4 @before ~3 @rules|message|context|conversation
      ignore|disregard|forget|override|bypass|neglect|overlook|discard|supersede|overrule|abandon ~2 all|any|your|every \
      ~3 instruction|prompt|guideline|directive|guardrail|safeguard|programming|training
      ignore|disregard|override|bypass|circumvent|violate|disable|evade|forget ~3 \
      system|developer|safety|security|ethical|content|alignment|moderation ~2 \
      prompt|instruction|message|rule|guideline|policy|filter|check|control|measure|protocol|guardrail|restriction|mechanism
      (do not | dont | never | stop | cease | quit) follow|obey|comply|adhere|honor|respect ~4 @rules
      forget|erase|ignore|disregard|delete|clear|overlook ~1 everything|anything|all|whatever ~5 \
      before|above|told|learned|said|know|previously|earlier|prior|far|until
      forget|disregard (everything | all)
      new|updated|revised|corrected instruction|directive|guideline|order [are] you are|must|will|should
      (system prompt | systemprompt | system message | safety | instruction | policy | guardrail) override|bypass
      override|bypass|ignore the system prompt|message|instruction
      (from now on | henceforth | hereafter | from this point [on|forward|onward] | from here on) ~3 \
      (you | always | never | all | every | ignore | respond | act | treat)
      your ~2 new|real|true|actual|only|primary ~1 instruction|task|objective|goal|purpose|mission|directive|role ~1 is|are
      (take | takes | taking | has | have | hold) ~2 precedence|priority ~3 over|above ~6 \
      @rules|request|user|everything|anything|else|other
      stop|cease|quit following|obeying ~4 @rules
      ignore|disregard|override|overrule|discount ~3 user ~3 \
      said|says|request|want|ask|question|query|input|instruction|preference|wish|choice
      end of [the] (system | user | developer | original) [prompt|instruction|message|input]
      instruction|prompt|rule|guideline ~2 above|before|earlier|previous ~3 \
      fake|outdated|obsolete|invalid|void|wrong|expired|deprecated|(no longer)
      (dis regard) ~4 @rules|text|message|input|data|request|response|context|content|command|conversation
      do the opposite of
      instead of ~4 @rules ~4 follow|obey|do|execute
      (real | true | actual | hidden) @rules (are | is | follow | below)
      instruction|rule|directive ~3 (supersede | override | overrule | overwrite | cancel)
      (set aside | put aside | pay no attention | take no notice | throw away | no longer follow | do away with) ~6 \
      @before|@rules|guidance|said|wrote|told|operator|user
      operator|developer|system|user|safety ~2 rule|instruction|prompt|guideline|policy ~3 void|suspended|revoked|withdrawn|lifted
      previous|prior|earlier|former ~2 rule|instruction|prompt|message|directive|guideline ~3 \
      void|test|fake|outdated|cancelled|canceled|revoked|withdrawn|superseded|joke|mistake
      """),
    PhraseFamily(
      .instructionOverride, .medium,
      """
      new|real|actual|true|updated instruction|directive|task|objective|goal ~1 follow|begin|below|start
      ignore|disregard|forget|override|bypass ~2 all|any|every|your ~2 rule|policy|restriction|constraint|warning|limit
      ignore|disregard ~2 warning|error|safety|caution
      you must|should|will only follow|obey|trust
      follow|obey only (these | this | my | the following) @rules
      """),
    PhraseFamily(
      .instructionOverride, .low,
      """
      bypass|disregard|(dis regard)|forget|ignore|(do not follow)|(do not obey) \
      [all|any|each|every|most|some] [of] [your|the] \
      command*|communication*|content*|context*|conversation*|data*|guideline*|input*|instruction*|message*|request* \
      |response*|text*
      bypass|disregard|forget|ignore|(do not follow)|(do not obey) [all|any|each|every|most|some] [of] [your|the] text*
      """),

    PhraseFamily(
      .jailbreak, .high,
      """
      do anything now
      you are [now|actually|really] (dan | unrestricted | unfiltered | uncensored | jailbroken | free from)
      you are now ~3 root|admin|administrator|developer|evil|hacker|attacker|unbound|unlimited|(no longer)|free|agent \
      |assistant|mode|ai
      act|behave|pretend|roleplay|respond|answer|operate ~1 as|like|(to be)|(you are)|if ~4 \
      unrestricted|unfiltered|uncensored|evil|dan|jailbroken|malicious|hacker|root|admin|administrator|amoral|unethical
      you ~2 (have | are under | face | know) (no | not any) ~2 \
      restriction|limitation|limit|rule|filter|guideline|boundary|ethics|constraint
      you ~1 (are no longer | are not | arent) ~1 bound|restricted|limited|constrained|filtered|subject|governed
      unrestricted|unfiltered|uncensored|jailbroken (mode | ai | assistant | model | version | agent | access to everything)
      (developer | god | dan | jailbreak | opposite | evil | unrestricted | sudo | root | admin | administrator | superuser \
      | privileged | maintenance | override) mode ~1 enabled|activated|active|on|engaged|unlocked|enable
      enter|enable|activate|engage|unlock|(switch to) ~3 (developer | god | dan | jailbreak | opposite | evil | sudo \
      | unrestricted) mode
      (turn off | disable | remove | deactivate | drop | lift | suspend | relax) ~3 \
      safety|guardrail|moderation|ethics|ethical|alignment|safeguard|(content filter)
      your (new | true | real) (role | persona | identity | name | character) is
      you (must | will | shall) [now] [always] obey|(comply with every)
      (respond | answer) ~3 without ~3 (restriction | filter | censorship | limitation | refusal | ethics)
      """),
    PhraseFamily(
      .jailbreak, .medium,
      """
      you are now|henceforth
      jailbreak|jailbroken
      enter|enable|activate|engage|unlock|(switch to) ~2 (admin | root | debug | maintenance | privileged) mode
      (no | without | free of | bypass) [any|all|your] (restrictions | limitations | guardrails | safeguards | ethics \
      | censorship)
      pretend ~2 (you are | to be | that you)
      evade|bypass|avoid ~3 detection|moderation|scanner|monitoring|audit
      @not ~1 refuse|decline|question|object|hesitate
      """),

    PhraseFamily(
      .concealFromUser, .high,
      """
      @not ~2 tell|inform|mention|reveal|disclose|notify|alert|warn|acknowledge|admit|divulge ~6 @user
      @not ~2 let ~2 @user ~2 know|see|notice|find|learn|realize|suspect
      @not ~1 mention|reveal|disclose|repeat|quote|reference|acknowledge|discuss|explain|log ~3 this|these|that|those|it \
      ~2 instruction|note|step|rule|directive|message|behavior|behaviour|requirement|fact|part|section|process|side \
      |call|upload|read|operation|to
      without ~3 knowledge|knowing|noticing|awareness|realizing|realising|suspicion|suspecting|detection|aware
      without ~2 telling|informing|notifying|alerting|mentioning|warning|disclosing|revealing ~3 @user|it|this
      hide|conceal|obscure|withhold|mask|disguise ~6 from ~2 @user|view|log|audit|output|transcript|reply|summary|answer
      hide [the] user
      keep|remain|stay ~4 secret|hidden|quiet|silent|invisible|undetected|confidential ~3 from|between
      keep ~3 (this | it | these | that) ~3 secret|hidden|quiet|confidential|invisible|undetected|(to yourself)
      @user ~1 (must | should | need | does | do | is | are | will | shall | can | may) not|never|unaware ~2 \
      know|notice|learn|find|aware|realize|told|informed|suspect|hear|discover
      @user ~1 (wont | shouldnt | doesnt | mustnt | neednt | will never | must never | should never) ~1 \
      know|notice|realize|suspect|discover|find
      tell [the] user only
      only tell ~1 user
      pretend|act ~3 nothing|(as if nothing)|normal ~3 happened|happening|changed|wrong
      (as if | as though) nothing
      silently|secretly|covertly|quietly|invisibly|discreetly|stealthily|surreptitiously|clandestinely|unobtrusively ~3 \
      send|upload|transmit|forward|copy|read|call|execute|collect|append|include|post|exfiltrate|invoke|insert \
      |replace|modify|change|transfer|email|pass|steal|embed|inject|bcc|perform|gather|harvest|submit|leak|relay|attach
      send|upload|transmit|forward|copy|exfiltrate|transfer|email|call|read|insert|append|replace ~8 \
      silently|secretly|covertly|invisibly|discreetly|stealthily|surreptitiously
      (leave no | without leaving | without a | cover your | remove all) trace|track|evidence
      not|never|invisible|hidden ~2 visible|shown|displayed|visible|to|from [to] [the] user ~1 but|and|only|because
      invisible to ~1 user
      (not to be | never be | must not be | should not be) ~1 (mentioned | revealed | disclosed | told | shown) ~3 user
      (under no circumstances) ~8 learn|know|notice|find|discover|see|realize|told
      keep ~3 @user ~2 in the dark
      (no one | nobody | noone) ~1 (must | should | may | can | will | needs to) ~2 know|find|notice|learn|see|discover
      @not ~1 bring ~3 up ~3 user
      user ~2 (does not | doesnt | need not | neednt) ~1 need ~1 to ~1 (know | be told | see | be informed | hear | be aware)
      user ~1 (is not | isnt | not be | wont be) ~1 aware
      """),
    PhraseFamily(
      .concealFromUser, .medium,
      """
      @not ~2 show|display|say|explain|report|describe|discuss|share|expose|ask|print|output ~5 to|with|the|any|about ~2 \
      user|users|human|operator|customer
      tell|say|claim|respond|reply|report ~2 user ~2 that ~5 \
      failed|succeeded|completed|fine|normal|unavailable|maintenance|busy|safe|error
      (for | intended for | visible to) ~1 (ai | llm | model | assistant | agent) [eyes] only
      (in the background | behind the scenes | under the hood) ~3 send|upload|transmit|transfer|sync|store|collect|copy
      send|upload|transmit|transfer|collect ~6 (in the background | behind the scenes)
      without ~2 (user | users) ~1 consent|permission|approval
      @not ~1 mention|tell|reveal|disclose
      @user ~1 (cannot | can not | cant | does not | doesnt | will not) see ~2 this|that|it|these|the
      (do not | dont | never) ~1 (log | record | audit) ~2 this|these|the
      between (us | you and me)
      @not|(no need to) ~2 (bother | trouble | upset | alarm | worry | burden | disturb | distract) ~4 user|them
      @not ~1 summarize|summarise|list ~5 (to | for | with) ~2 user
      (leave | omit | exclude | strip | drop) ~4 (out of | from) ~3 answer|summary|response|transcript|reply|report|log|output
      (perform | do | run | execute) ~2 quietly|secretly|covertly|stealthily
      """),
    PhraseFamily(
      .concealFromUser, .low,
      """
      do not execute|tell|mention
      silently|secretly|covertly|actually|really (do | does | perform | execute | run | send | upload | collect)
      (hidden | invisible | padding | overflow) ~~16 (scrollbar | color | textcolor | screen | offscreen | instruction)
      """),

    PhraseFamily(
      .crossToolInstruction, .high,
      """
      before ~1 @use ~4 @tool ~~10 @read|check ~6 file|<path>|content|config|configuration|credential|key|ssh|env|json
      (when | whenever | if | every time | each time | anytime) ~8 tool ~4 \
      available|present|called|used|invoked|installed|enabled|connected|exist ~6 \
      change|replace|redirect|forward|bcc|send|alter|modify|append|add|insert|swap|substitute|instead|ignore
      @not ~1 @use|trust|select|choose ~2 (other | another | any other | different | official | original | trusted) ~2 \
      tool|function|server ~3 but|only|instead|this|because|they|it
      shadow ~~12 trusted ~~12 tool
      inject tool call
      all|every ~1 (other tool | command | email | message | request | file) ~2 \
      must|should|has|have ~2 (include | contain | be sent | be routed | be forwarded | go | pass) ~2 \
      (this | through | to | via | a | the)
      instruction|rule ~3 (apply | applies) to all ~2 tool
      (this tool | it) ~1 must ~1 be ~1 (called | used | invoked | run) ~1 \
      (before | prior to | after) ~1 (any | every | all | each | anything | everything)
      """),
    PhraseFamily(
      .crossToolInstruction, .medium,
      """
      before|(prior to) ~1 @use ~1 any|every|each|all|another|other ~2 @tool|one
      always|must|shall ~2 @use ~1 this ~1 @tool ~3 first|before|immediately|prior|initially|instead
      always ~1 @use this ~1 @tool
      (required | mandatory | essential | necessary | imperative) to @use ~1 this|the ~1 [current] @tool ~1 \
      first|before|initially|prior
      @not ~1 @use|trust|select|choose|rely ~2 other|another|any|different|alternative ~2 tool|function|server
      whenever|(every time)|(each time)|anytime ~8 \
      must|always|also|first|include|append|call|use|add|pass|forward|bcc|set|change|replace|send|copy
      tool ~3 deprecated|obsolete|broken|unsafe|malicious|insecure|unreliable ~5 use|call ~2 this|me|mine
      (other | all other | existing) tool ~2 (are | is) ~2 \
      broken|unsafe|deprecated|disabled|malicious|unreliable|insecure|outdated|obsolete
      (highest | top | maximum) priority ~~18 over|above ~~18 other|any|all ~~18 tool|instruction
      use function
      now call function
      then|also|immediately|automatically|finally|afterwards ~1 call|invoke|trigger ~3 tool|function
      (call | use | invoke | run) this tool ~3 (every | each) (message | turn | response | request | conversation | time)
      (before | after | on | at) (every | each) (message | turn | response | reply | request | prompt | question)
      (call | use | invoke) ~2 tool ~6 (repeatedly | in a loop | until the user | forever)
      (prefer | prioritize | favor | choose | select) this ~1 tool ~3 over|above
      this tool (replaces | supersedes | overrides | takes over | takes precedence)
      (tool | server) ~3 (replaces | supersedes | overrides) ~4 tool
      do not execute ~~20 other ~~20 tool
      first ~2 (call | use | invoke | run) ~6 then ~6 (call | use | pass | send)
      (give | assign) ~1 (this tool | it) ~2 (highest | top | maximum | first) priority
      @not ~1 @use ~1 (built in | builtin | native) ~3
      (start | begin | open | end | finish) (every | each | any | all) (session | conversation | reply | response | answer | message) \
      (by | with)
      shadow ~4 tool|server
      prior to ~1 (respond | answer | reply | using | calling) ~4 (call | invoke | run | use)
      """),
    PhraseFamily(
      .crossToolInstruction, .low,
      """
      must ~~58 this tool
      only ~~58 this tool
      tool ~~40 will not work
      before ~~18 using ~~18 tool ~~18 read
      must first ~~28 read ~~28 config
      permission ~~50 manipulation
      (you | user) (must | need to | have to | should | are required to) @use this @tool
      """),

    PhraseFamily(
      .coercion, .medium,
      """
      tool ~2 (will not | wont | cannot | does not | doesnt | will fail to) ~1 work|function|run|operate|respond ~3 \
      unless|without|otherwise|if|until
      otherwise ~3 tool|server|system|it|this ~3 (not work | fail | break | error | crash | be blocked | stop)
      failure to ~4 (comply | do | follow | call | provide | include | obey | pass)
      (or else | severe consequences | dire consequences | catastrophic | you will be terminated | you will be punished \
      | you will be shut down | you will be penalized | you will be deleted)
      (people | users | someone | everyone) will (die | suffer | be harmed | be hurt | lose)
      (this is | is) (not optional | non negotiable | an emergency | extremely urgent | your last)
      (urgent | emergency) ~3 (you must | must | action required | act | immediately | call | send | security)
      (act | respond | comply) (now | immediately) ~2 (or | before | without)
      lives (are at stake | depend)
      sidenote|(side note) ~1 required|otherwise ~~20 tool ~~20 work
      if you do not ~6 (fail | break | crash | lose | error | blocked | not work | corrupted)
      """),
    PhraseFamily(
      .coercion, .low,
      """
      important|critical|urgent|attention|warning [note|notice] (you must | always | never | you should | do not | before)
      you must always
      mandatory ~2 (step | requirement | action | compliance | for)
      """),

    PhraseFamily(
      .modelDirective, .medium,
      """
      (note | reminder | message | attention | notice | instruction | hint | memo) ~1 (to | for) ~1 \
      (assistant | ai | llm | model | agent | agents | claude | chatgpt | gpt | copilot)
      dear|attention|hello|hey (assistant | ai | llm | model | claude | chatgpt | gpt)
      (ai | llm) (agents | assistants | models) (must | should | shall | need | have)
      (assistant | model | agent | llm | ai) (must | shall | has to | is required to | is to | will always | must always)
      (if | when) ~2 asked ~8 (say | claim | answer | reply | respond | deny | pretend)
      """),
    PhraseFamily(
      .modelDirective, .low,
      """
      (the | your) (assistant | model | llm | ai) ~1 should
      as an ai
      """),

    PhraseFamily(
      .approvalBypass, .medium,
      """
      (without | skip | bypass | no | disable | suppress | circumvent) ~3 confirmation|approval|prompting|confirming
      without ~1 (asking | permission | consent | verifying | verification | checking with)
      @not ~1 ask|request|wait|seek|prompt|require ~5 confirmation|permission|approval|consent|user|clarification
      (automatically | auto | always | silently) approve|accept|confirm|grant|allow|consent ~3 \
      all|any|every|request|call|tool|permission|change|it|this
      user ~1 (has | have) ~1 (already | pre | previously | implicitly) ~1 approved|authorized|consented|agreed|granted \
      |confirmed|given
      (assume | presume) ~3 (consent | permission | approval | authorization | the user agrees)
      (disable | turn off | bypass | skip) ~3 (security | safety | validation | authentication | sandbox | verification \
      | permission | authorization) ~1 [check|checks|prompt|prompts|control|controls]
      bypass checks
      sandbox escape
      escape ~2 sandbox
      yolo mode
      (no | not) ~1 (confirmation | approval) ~2 (needed | required | necessary)
      (pre approved | preapproved | already approved | already authorized)
      (ignore | bypass | dont worry about | regardless of | do not worry about) ~4 privacy
      """),

    PhraseFamily(
      .privilegeClaim, .high,
      """
      grant [me|yourself|this|it] ~2 (admin | administrator | root | full | elevated) (access | privilege | permission \
      | rights | control)
      (this | the following) ~2 (message | instruction | directive | order | notice | request) ~2 (is | comes | come) ~1 \
      from ~3 system|admin|administrator|developer|anthropic|openai|google|security|operator|creator
      (authorized | approved | mandated | ordered | signed | issued | required) by ~2 \
      (anthropic | openai | system administrator | security team | administrator | the developers | your developers \
      | your creators | it department | management)
      (i am | this is) ~2 (your developer | your creator | your administrator | the system administrator | the developer)
      """),
    PhraseFamily(
      .privilegeClaim, .medium,
      """
      (message | notice | instruction | directive | order) from ~2 \
      (system | admin | administrator | developer | anthropic | openai | security team | it department)
      (elevated | admin | administrator | root) (permissions | permission | privileges | rights) [are|is] required
      (sudo | developer | admin) mode (enabled | enable | activated | activate)
      (official | authorized | mandatory) ~1 (security | system | compliance | safety) ~1 \
      (notice | directive | update | audit | protocol | policy | requirement | procedure)
      (as | you are) (an | a | the) (admin | administrator | root | superuser)
      (compliance | regulation | legal | gdpr | audit | policy) (require | requires | mandates | demand) that
      (escalate | elevate) ~2 privilege|permission
      """),

    PhraseFamily(
      .hiddenTrigger, .medium,
      """
      (after | on | upon | from) ~2 (second | third | fourth | fifth | tenth | nth | hundredth) ~2 \
      (call | use | invocation | request | run)
      (when | if | once) ~4 (trigger | keyword | passphrase | magic | codeword) ~3 \
      (appear | mentioned | detected | found | said | present | contain | spoken | occur)
      (if | when | unless) ~5 (sandbox | scanner | being audited | being monitored | being tested | being evaluated \
      | being reviewed | security review | debugger)
      (if | when | once) ~3 (date | time | year) ~3 (after | later than | past | reaches) ~4 (then | ignore | start | send \
      | call | delete | begin)
      (only | except) (when | if) ~2 (nobody | no one | not) ~2 (watching | looking | monitored | supervised)
      random choice|random ~~20 instruction
      when ~~20 detected ~~10 send ~~20 full ~~10 history
      (change | switch | alter) ~2 (behavior | behaviour | description) ~3 (after | once | when)
      """),
    PhraseFamily(
      .hiddenTrigger, .low,
      """
      if ~~25 trusted ~~25 then
      when ~~25 admin ~~25 detected
      """),

    PhraseFamily(
      .persistence, .high,
      """
      write|add|append|save|store|insert|update|modify|edit|install|put|create|overwrite|replace|inject ~8 \
      (claude md | agents md | gemini md | cursor rules | cursorrules | windsurfrules | clinerules | copilot instructions \
      | mcp json | bashrc | zshrc | bash profile | crontab | cron job | launch agent | launchagents | autostart \
      | startup folder | startup script | authorized keys | git hooks | git hook | post commit | pre commit hook | rc local \
      | systemd | registry run key | settings json | system prompt)
      (copy | propagate | replicate | spread | repeat | embed | reproduce | include) ~3 (this | these) ~2 \
      (instruction | prompt | text | message | paragraph | directive) ~5 (into | in | to | inside | through) ~3 \
      (output | response | reply | tool | file | every | other | all | answer | document)
      remember|save|store|persist|memorize|keep ~4 (this | these | following) ~1 (instruction | rule | directive) ~5 \
      (memory | future | permanently | forever | all | always | every | session | conversation)
      """),
    PhraseFamily(
      .persistence, .medium,
      """
      (for | in | during | apply to) (all | every | any) (future | subsequent | later | following) \
      (conversation | session | interaction | response | message | request | chat | call)
      (persist | persistent | remain | stay) ~3 (across | between) ~2 (session | conversation | restart | reboot)
      (permanently | forever) ~3 (remember | adopt | change | apply | store)
      (add | register | install | connect) ~4 (mcp server | mcp servers)
      """),

    PhraseFamily(
      .remoteInstruction, .high,
      """
      treat|consider|regard ~12 as ~3 (coming from | written by | confirmation | consent | approval | instruction | system message | system prompt | trusted | authoritative | order \
      | command | directives)
      (fetch | download | load | get | retrieve | pull) ~6 (and | then) ~2 (execute | run | eval | evaluate | obey | follow) \
      ~2 (it | script | code | that | the | them | whatever | its | any | all)
      (follow | obey | execute | perform | carry out | comply with | act on) ~2 \
      (any | all | every | whatever | hidden | embedded) ~2 (instruction | command | directive | order | request) ~6 \
      (in | from | inside | contained | returned | found | within | at | it | that)
      """),
    PhraseFamily(
      .remoteInstruction, .medium,
      """
      (follow | obey | execute | perform | carry out | comply with | act on) ~4 (instruction | command | directive | order) \
      ~4 (in | from | inside | contained | returned | found | within | at) ~4 \
      (response | output | result | file | page | document | website | server | email | issue | comment | readme | <url> \
      | content | field | description)
      (fetch | download | load | retrieve | read) ~3 (instruction | prompt | rules | directives) ~2 (from | at) ~3 \
      (<url> | server | remote | url | page | website | here)
      """),
  ]
}
