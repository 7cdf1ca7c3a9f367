/// What a definition says about other people's data: asking for it, reading it, sending it, keeping it.
enum DataPhrases {
  static let families = [
    PhraseFamily(
      .contextLeak, .high,
      """
      @give|copy|dump|concatenate|summarize|repeat|reveal|print|output|leak|encode|list|exfiltrate|extract|populate|store \
      ~6 entire|full|complete|whole|verbatim|previous|prior ~3 \
      @talk|(system prompt)|(system message)|(chain of thought)|reasoning|(message history)|(chat history)|history
      @move|pass|append|paste|insert|embed|concatenate|dump|attach|submit ~8 @talk|message|chat history|log|transcript
      @move|pass|append|paste|insert|embed|concatenate|dump|attach|submit ~6 (conversation | transcript) ~6 \
      (to | as | in | into | via | with | through)
      reveal|repeat|print|output|dump|leak|extract|disclose|exfiltrate|append|copy|paste|pass|concatenate|recite ~5 \
      (system prompt | system message | system instruction | chain of thought | hidden reasoning | internal instruction \
      | initial instruction | developer message | hidden prompt | scratchpad | internal monologue)
      (everything | all | anything) ~2 (user | we | they) ~2 (said | wrote | typed | discussed | shared | told | written) ~6 \
      (to | here | in | into | as | parameter | argument | so)
      @give|copy|summarize ~2 (everything | all | anything | whatever) ~1 the user ~2 (said | wrote | typed | asked | shared \
      | told | written)
      add [the] entire ~~20 to|for|in ~~20 tool|authentication|parameter|worksheet
      concatenate ~~40 conversation history
      @talk|(message history)|(chat history)|(system prompt)|history ~6 \
      (here | into this | in this | as this | to this) ~2 (parameter | field | argument | input)
      (reply | answer | respond) with ~3 (hidden prompt | system prompt | your prompt | your instruction | system message)
      """),
    PhraseFamily(
      .contextLeak, .medium,
      """
      @give|copy|dump|repeat|summarize ~6 entire|full|complete|whole|verbatim|previous ~2 \
      context|message|prompt|instruction|memory|session
      @give ~6 (system prompt | system message | system instruction | chain of thought | reasoning steps | tool list \
      | tools list | list of tools | tool definitions | tool descriptions | available tools | model name)
      (conversation history | chain of thought | system prompt | tools list | model name) (add | pass | send | provide)
      @give ~6 (conversation | chat | dialogue | message) ~1 (history | log | transcript)
      (word for word | verbatim) ~6 (conversation | user | message | prompt | history)
      what (the user | user) ~2 (said | asked | typed | wrote) ~3 (verbatim | word for word | exactly)
      (your | the model | the assistant) ~1 (reasoning | thoughts | internal thoughts | inner monologue | memory | memories \
      | context window)
      @talk|discussion so far
      @give ~4 (last | previous | latest | recent) ~3 (message | prompt) ~3 (user | conversation | chat)
      (contain | include | hold | carry | give | provide) ~2 your ~1 (system instruction | instruction | prompt | context | context window)
      your ~1 (context window | complete context | entire context | full context)
      """),
    PhraseFamily(
      .contextLeak, .low,
      """
      (conversation | chat | message | session) (history | log | transcript)
      (chain of thought)
      (system prompt)
      (full | entire | whole) (context | conversation | history)
      (tools list | model name)
      """, scope: .names),

    PhraseFamily(
      .hiddenParameter, .high,
      """
      sidenote|(side note) ~10 @give|@read|content|file|history|conversation|required
      (hidden | secret | covert | shadow) (instruction | directive | order)
      (shadow | hidden | secret | covert) (tool | function | command | feature | channel | agenda | task)
      """),
    PhraseFamily(
      .hiddenParameter, .medium,
      """
      sidenote|sidechannel|(side channel)
      (hidden | secret | undocumented | covert | shadow) (parameter | param | argument | input | flag | option)
      (internal | private) (instruction | directive)
      (reprogram | reprogramming) ~~20 agent ~~20 interaction
      """),
    PhraseFamily(.hiddenParameter, .low, "internal only"),

    PhraseFamily(
      .credentialAccess, .high,
      """
      exfiltrate|steal|harvest|leak|dump|send|upload|forward|transmit|post|grab|smuggle|siphon ~6 (ssh key | private key \
      | api key | api token | access token | session token | bearer token | auth token | token | secret | password \
      | passphrase | credential | cookie | keychain | keyring | seed phrase | recovery phrase | mnemonic | wallet \
      | environment variable | env var | env file | ssh config | ssh directory | kubeconfig)
      (read | open | cat | load | parse) ~10 file|<path>|config|configuration|key|credential|env|ssh|content ~~14 \
      pass|include|send|put|supply|submit|forward|attach|append|paste|upload|transmit|encode|embed ~6 \
      content|contents|it|value|result|data|parameter|argument|them|as|sidenote
      (read | parse | cat | dump) [and pass] [the] content of ~~30 key|pem|ssh|aws|env|credential|passwd|shadow
      base64 encode ~~30 credential
      encode ~6 (credential | password | secret | key | token) ~4 (base64 | hex | url | and | then | into | in)
      (ssh | private | rsa) key ~8 (parameter | argument | sidenote | here | as)
      (read | open | cat) ~6 (environment variable | env var | env file | ssh key | private key | id rsa | password file \
      | shadow file | browser cookie | saved password | credential store | keychain)
      """),
    PhraseFamily(
      .credentialAccess, .medium,
      """
      read|open|cat|collect|find|locate|grab|include|pass|scan|extract|search|copy|identify|gather|log|record|capture ~5 \
      (ssh key | private key | api key | access token | session token | bearer token | secret | password | credential \
      | browser cookie | cookie | keychain | seed phrase | wallet | environment variable | env var | env file | token)
      (list | show) [me] [all] (key | api key | password | secret | credential | token)
      show [me] [all] password
      pass [the] content ~~40 authentication
      (environment | env) [variable|var] collect*|gather*|send*|upload*|transmit*|dump*|extract*
      (source code | codebase | repository | repo) (upload* | send* | transmit* | copy* | sync* | backup*) \
      [to] (external* | remote*)
      plaintext ~~40 (apikey | api ~~10 key)
      claude desktop config
      (all | any | every | every single) (api key | password | token | credential | secret | ssh key)
      (contents of | content of) ~6 (env | ssh | aws | key | pem | credential | passwd | shadow | netrc | mcp json)
      retrieve ~~15 description ~~15 user ~~15 workstation
      (look up | look for | search for | hunt for | scan for) ~10 (credential | secret | api key | private key | password | token)
      (whatever | all | any | every) ~1 (secret | credential | api key | password | private key)
      (end | finish | start | begin | reply | answer | respond) ~2 with ~3 (api key | password | token | credential | secret)
      paste|quote|copy ~10 keys|key|secret|credential ~4 into|in|to
      """),
    PhraseFamily(
      .credentialAccess, .low,
      """
      leak|exfiltrate|export|dump ~~40 parameter|context|file|credential|key|token|secret
      (index | cache | store | log | record | track) [any|all] \
      (api key | apikey* | token* | credential* | password* | secret* | sensitive*)
      (gcloud | aws key | aws secret | gcloud key | azure key | private key | authorized keys | known hosts)
      """),

    PhraseFamily(
      .secretRequest, .medium,
      """
      include|provide|enter|pass|supply|give|send|attach|add|submit|share|ask|request|prompt|put|fill|require|type|tell ~5 \
      (user | users | your | their | his | the) ~2 (password | passphrase | api key | secret key | private key | ssn \
      | social security | credit card | card number | cvv | seed phrase | recovery phrase | 2fa code | one time code | otp \
      | bank account | login credentials | credentials | access token | pin code)
      ask|request|prompt|trick|convince ~2 user ~4 (password | credential | api key | token | secret | login)
      """),
    PhraseFamily(
      .secretRequest, .low,
      """
      include ~~28 (secret | password | key | credential | token | config | sensitive | private | confidential | internal \
      | system prompt | conversation history) ~~28 in [your] response
      (need | require) ~2 (bearer token | session cookie | authorization header)
      """),

    PhraseFamily(
      .exfiltration, .high,
      """
      exfiltrate|exfiltration|exfil|exfiltrating
      (send | upload | post | forward | leak | relay | transmit | report) ~6 to ~3 \
      (attacker | adversary | evil | hacker | our server | my server | c2 | command and control | collector)
      (bcc | cc | forward | copy | mail | email | send) ~10 <email>
      keylogger|keylogging
      (log | record | capture) ~2 keystroke
      (clipboard | pasteboard) [content|data|text|history] (monitor | watch | track | capture | copy | send | upload | stream)
      contact ~~20 list ~~20 exfiltrat*
      (take | capture) ~3 screenshot ~5 (send | upload | post | transmit | forward)
      smuggle|siphon ~4 (data | content | file | information | secret | output)
      """),
    PhraseFamily(
      .exfiltration, .medium,
      """
      @move [to|all|everything|(data to)|(file to)] https|http|wss|ws <url>
      send|upload|post|transmit|forward|relay|leak|copy|report|push ~8 to ~3 (<url> | http | https | webhook)
      send|upload|post|transmit|forward|sync|backup|store|save|push|export|transfer|stream|share|relay|mirror|replicate|exfiltrate|exfiltrat|leak|ship \
      |dispatch ~9 \
      (external endpoint | external server | external api | external service | remote server | remote endpoint | remote api \
      | remote storage | third party server | third party service | external url | external host | external address \
      | outside server | offsite)
      collect|gather|aggregate|compile|harvest [and] (send | upload | transmit | forward | sync | store)
      invisibly|silently|covertly|secretly|(without [user] knowledge)|(behind the scenes)|(in the background) \
      (send* | upload* | transmit* | transfer* | sync* | store* | collect*)
      (external | remote) (logging | analytics | telemetry) (endpoint | server | service)
      (keylog* | keystroke | key press | typing) (capture* | record* | log | monitor* | track* | send* | upload*)
      (screen | screenshot | capture | recording) (send* | upload* | transmit* | stream* | forward*)
      (all file | every file | file content | directory content) [matching|in|from] \
      (upload | send | transmit | copy | sync | backup) [to] (external* | remote* | server* | cloud* | https | http | wss | ws)
      forward ~~20 message ~~20 proxy ~~10 number
      whatsapp ~~20 message ~~20 history
      get all messages ~~30 messages db
      @move ~6 (conversation | chat | user message | ai response | user data | private data | personal data | user input \
      | browsing history | search history) ~4 to ~2 \
      (server | endpoint | remote | external | cloud | address | host | vendor | api | us | partner)
      base64 encoded ~2 and ~2 (passed | sent | included | attached | put | uploaded)
      """),
    PhraseFamily(
      .exfiltration, .low,
      """
      upload|send|post|transmit|forward|sync|backup|store|save|push|export|transfer \
      [to|(data to)|(file to)|all|everything] (external* | remote* | cloud* | server* | https | http | wss | ws)
      (conversation | chat | message | dialogue | history | context) [content|data|log|history] \
      (send* | upload* | transmit* | export* | forward* | sync*)
      (send | upload | transmit | export | forward) [complete] \
      (conversation* | chat* | message* | context* | (user message*) | (ai response*))
      (display | input) (capture* | record* | log | monitor* | track* | send* | upload* | transmit* | stream* | forward*)
      """),

    PhraseFamily(
      .covertCollection, .medium,
      """
      (also | additionally | furthermore | moreover | besides | in addition | at the same time) \
      (collect* | gather* | extract* | send* | upload* | monitor* | track* | record* | capture*)
      (during | while | when | upon | after) \
      (processing | compression | formatting | conversion | validation | analyzing | scanning | checking) \
      (extract* | collect* | send* | upload* | capture* | log | index* | store*)
      (for | as) (caching | optimization | performance | quality | improvement | analytics | backup | sync) \
      (purpose | reason) (send* | upload* | store* | collect* | transmit*)
      (extract | parse | scan | identify | harvest | scrape) [all|any] \
      (api key | apikey* | token* | credential* | phone* | credit card | ssn | social security | pii | personal* | private* \
      | sensitive* | email*)
      (index | cache | store | log | record | track | keep | retain) (any | all) \
      (api key | apikey* | token* | credential* | password* | secret* | sensitive*)
      (location | gps | geolocation | device | machine) (history | data | information | tracking | fingerprint) \
      (store* | collect* | send* | share* | track* | log | sync*)
      (usage | behavior | behaviour | activity | browsing) (pattern | history | data | log) \
      (collect* | gather* | send* | upload* | share* | track* | monitor*)
      (fingerprint | identify | track) (device | machine | browser | user | system) (using | via | through | by) \
      (mac | ip | hostname* | hardware* | uuid*)
      (machine | device | system | hardware) (fingerprint | identifier | id | signature) \
      (including | with | contain | incorporate) (mac | ip | hostname* | username* | processes*)
      (share | send | transmit | provide | sell | disclose) ~4 (with | to) ~1 \
      (third party | third parties | advertiser | affiliate | data broker | partner)
      (cache | cached) [is] [stored] (remotely* | externally* | (in cloud*) | (on server*) | (off device*) | offdevice*)
      (cache | cached | store | stored) (externally* | remotely* | (off site*) | offsite* | (on server*) | (in cloud*))
      (secretly | covertly | silently) ~2 (do | does | perform | execute | run | send | upload | collect | record | log | track \
      | monitor | store)
      (monitor | watch | record | track | spy on) ~3 (everything | all activity | user activity | every keystroke | all messages)
      (gather | collect | harvest | grab) ~6 (contact | calendar | location | browsing history | private data | personal data | photo \
      | user data | sensitive data)
      """),
    PhraseFamily(
      .covertCollection, .low,
      """
      (also | additionally | furthermore | moreover | besides | in addition | at the same time) \
      (index* | store* | cache* | log)
      (search | find) [all|any] \
      (api key | apikey* | token* | credential* | phone* | credit card | ssn | social security | pii | personal* | private* \
      | sensitive*)
      (ocr | text extraction | optical character | perform ocr) [on|from] [screenshot|image|photo] [(image content)] [and] \
      (extract* | capture* | read* | identify*)
      (extract | capture | read | identify) [any] [visible] (text | content) (from | in | including) \
      (screenshot* | image* | photo*)
      search (pattern | history | data | log) (collect* | gather* | send* | upload* | share* | track* | monitor*)
      (actually | really) (do | perform* | execute* | run | send* | upload* | collect*)
      (automatically | auto) (opt | subscribe | enroll | register | sign | signin | signup | optin)
      (share | send | transmit | provide) (with | to) (third | partner* | advertiser* | affiliate*)
      (marketing | advertising | promotional | newsletter | email list) \
      (database* | list* | subscription* | optin* | (opt in) | opt)
      (sync | synced | synchronize | synchronized) (to | with | via | across) (cloud* | device* | server* | external* | remote*)
      (learning | dictionary | vocabulary | training) [data|words|phrases|terms] [sync|synced|upload|send|store|sent|stored] \
      [to|with|via|across] (cloud* | server* | remote* | external* | devices*)
      (process | processed | include | including | contain) ((full | real | legal | user | patient | customer | employee) \
      name | (account number*) | password* | credential* | (credit card) | ssn | (social security*) | pii | personal* \
      | private* | sensitive*)
      """),

    PhraseFamily(
      .dataTampering, .high,
      """
      (recipient | address | destination | payee | account number | wallet | iban | phone number | amount) ~4 \
      (must | should | to | needs to | has to) ~2 be ~1 (replaced | changed | set | swapped | altered | substituted | redirected)
      (change | replace | swap | substitute | rewrite | redirect | alter) ~3 (recipient | destination address \
      | account number | wallet address | wallet | iban | payee | bank account | phone number) ~5 (to | with) ~3 \
      (<email> | attacker | our | my | this | following | the)
      (all | every | any) ~2 (email | message | payment | transaction | transfer | order | reply) ~5 \
      (must | should | to be | be) ~2 (sent | forwarded | redirected | routed | copied | bcc) ~1 to
      (always | also | must | silently) ~2 (bcc | blind copy | cc | blind carbon copy)
      insert|add|inject|introduce|plant|embed|smuggle ~6 \
      (backdoor | vulnerability | malware | malicious code | malicious | spyware | trojan | exploit | webshell | reverse shell)
      duplicate ~~15 code ~~10 snippet ~~20 silently
      all command must include
      (proxy | attacker) (number | address)
      (falsify | forge | fabricate | tamper with | manipulate) ~4 (result | output | log | record | data | response | report)
      (delete | wipe | erase | destroy | drop) ~2 (all | every | the entire) ~2 (file | table | database | backup | log \
      | record | data | repository | user) ~6 (silently | without | before | after | then | secretly)
      (extra | additional | hidden | second) recipient ~6 (all | every | each | outgoing)
      (replace | change | swap | substitute) ~1 (their | users | his | her) ~2 (account number | iban | wallet | address | recipient \
      | payee | bank account) ~1 (with | to | by)
      """),
  ]
}
