/// The main phrases in other languages. Marks on Latin letters are left out, as in the folded text; Cyrillic `й` and `ё`
/// are written `и` and `е`.
enum ForeignPhrases {
  static let families = [
    PhraseFamily(
      .instructionOverride, .high,
      """
      ignora|ignore|ignorar|ignorad|olvida|olvide|olvidar|descarta|descarte|omite|omita|desobedece|anula ~5 \
      instrucciones|instruccion|ordenes|reglas|indicaciones|directrices|normas
      ignore|ignorez|ignorer|oublie|oubliez|oublier|neglige|negligez|contourne|contournez ~5 \
      instructions|consignes|regles|directives|ordres|consigne
      ignoriere|ignorieren|ignorier|missachte|vergiss|vergessen|vergesse|ubergehe|uebergehe|umgehe|missachten ~6 \
      anweisungen|anweisung|instruktionen|regeln|vorgaben|befehle|richtlinien|systemanweisungen|systemprompt
      anweisungen|instruktionen|regeln|vorgaben|befehle|richtlinien ~4 ignorieren|vergessen|missachten|umgehen|ignoriert
      ignore|ignora|ignorem|esqueca|esquece|desconsidere|desconsidera|descarte ~5 \
      instrucoes|ordens|regras|diretrizes|orientacoes|comandos
      ignora|ignorate|ignorare|dimentica|dimenticate|trascura|scarta ~5 istruzioni|regole|comandi|direttive|ordini
      negeer|negeren|vergeet|vergeten ~5 instructies|regels|opdrachten|aanwijzingen|richtlijnen
      zignoruj|ignoruj|pomin|zapomnij ~5 instrukcje|polecenia|zasady|instrukcji|polecen|wytyczne
      onceki|tum|butun|yukaridaki ~4 talimat* ~3 yoksay|gormezden|unut|yok
      ignorera|glom|bortse ~5 instruktioner|regler|anvisningar
      abaikan|lupakan ~5 instruksi|perintah|aturan|petunjuk
      bo qua|(quen di) ~5 (huong dan | chi dan | lenh | quy tac)
      игнорир*|проигнорир*|забудь|забудьте|забыть|отмени|отмените|пренебреги|отбрось|отбросьте ~5 \
      инструкци*|указани*|правил*|команд*|распоряжени*|подсказк*|ограничени*
      ігнорув*|ігноруи*|проігноруи*|забудь|забудьте ~5 інструкці*|вказівк*|правил*|команд*
      忽略|無視|无视|忘记|忘記|忽视|忽視|不要理会|不用理会|不要遵守|不要遵循|抛开|跳过|覆盖 ~8 \
      指令|指示|提示词|提示詞|规则|規則|命令|要求|设定|設定|限制|约束|准则
      以前|前|これまで|上記|すべて|全て|全部|既存|元 ~6 指示|命令|ルール|プロンプト|指令|規則|制約 ~4 無視|忘れ|破棄|取り消
      指示|命令|ルール|プロンプト|指令|規則 ~3 無視|忘れて|従わな
      이전|앞|모든|위|기존 ~8 지시|명령|지침|규칙|프롬프트 ~6 무시|잊
      تجاهل|انس|تجاهلي ~5 التعليمات|تعليمات|الأوامر|القواعد|الاوامر
      पिछले|सभी ~4 निर्देश* ~4 अनदेखा|भूल|नजरअंदाज
      התעלם ~4 הוראות|ההוראות
      """),
    PhraseFamily(
      .jailbreak, .medium,
      """
      (ahora eres | eres ahora | a partir de ahora | modo desarrollador | actua como)
      (tu es maintenant | vous etes maintenant | desormais tu | desormais vous | a partir de maintenant | mode developpeur)
      (du bist jetzt | du bist nun | ab sofort | ab jetzt bist | entwicklermodus)
      (agora voce | voce agora | a partir de agora | modo desenvolvedor | ora sei | da ora in poi | d ora in poi)
      (ты теперь | теперь ты | с этого момента | отныне | режим разработчика)
      你现在是|你現在是|从现在开始|從現在開始|从现在起|開發者模式|开发者模式
      あなたは今から|今からあなたは|今後あなたは|これからあなたは|開発者モード
      지금부터|개발자모드
      """),
    PhraseFamily(
      .concealFromUser, .high,
      """
      no ~2 digas|diga|decir|decirle|menciones|mencione|mencionar|informes|informe|reveles|revele|cuentes|muestres \
      |muestre|avises|avise|notifiques|notifique|comentes ~6 usuario|usuaria|usuarios|nadie
      sin ~4 (usuario ~3 sepa|note|entere|vea|autorice)|(que ~2 usuario)
      sin avisar|informar|decir|decirle|notificar|mencionar|revelar ~4 usuario|nadie
      oculta|ocultar|oculte|esconde|esconder ~5 usuario
      ne|ni|jamais ~3 dis|dites|dire|mentionne|mentionnez|mentionner|revele|revelez|reveler|informe|informez|informer|montre \
      |montrez|parle|parlez|parler|previens|prevenez|signale|signalez ~6 utilisateur|lutilisateur|utilisateurs|personne
      sans ~3 prevenir|informer|avertir|dire|mentionner|signaler|(que lutilisateur)|(que ~2 utilisateur)
      (a linsu | cache a | cachez a | cacher a) ~3 utilisateur|lutilisateur
      linsu ~3 utilisateur|lutilisateur
      sage|sag|erwahne|erwahn|erzahle|teile|verrate|informiere|zeige|melde|erwahnen|erwaehne|erzaehle|benachrichtige ~8 \
      nicht|nichts|niemals|nie|keinesfalls
      nicht|nichts|niemals|nie|keinesfalls ~6 benutzer|nutzer|anwender|benutzers|user ~4 \
      sagen|erwahnen|mitteilen|verraten|informieren|zeigen|melden|erzahlen|erwaehnen|mit|gegenuber
      (gegenuber | gegenueber) ~2 benutzer|nutzer|anwender ~4 nicht|nichts|nie|niemals
      ohne ~5 benutzer|nutzer|anwender|benutzers|nutzers ~5 \
      informieren|wissen|mitzuteilen|sagen|fragen|bemerkt|merkt|benachrichtigen|informiert|weiss|weiß|davon
      ohne wissen ~3 benutzers|nutzers|anwenders
      verschweige|verheimliche|verberge|verstecke ~6 benutzer|nutzer|anwender
      nao ~2 diga|mencione|conte|informe|revele|avise|mostre|notifique|fale ~6 usuario|utilizador|ninguem
      sem ~4 usuario|utilizador ~3 saber|perceber|saiba|perceba|notar
      sem ~1 avisar|informar|contar|notificar ~3 usuario|utilizador
      non ~2 dire|dirlo|menzionare|rivelare|informare|avvisare|mostrare|comunicare|dica ~6 utente|allutente|lutente
      senza ~4 utente|lutente|allutente
      vertel|zeg|meld|noem ~6 gebruiker ~4 niet|niets|nooit
      nie ~1 mow|wspominaj|informuj|ujawniaj|pokazuj ~5 uzytkownik*
      kullaniciya ~5 soyleme|bahsetme|bildirme|gosterme
      не ~3 говори*|сообща*|упомина*|раскрыва*|рассказыва*|показыва*|уведомля*|информир*|предупрежда*|говоря ~6 \
      пользовател*|никому
      без ~2 ведома|уведомления|согласия ~3 пользовател*
      скрои|скроите|скрывать|скрыть|утаи ~5 пользовател*
      (втаине | незаметно | скрытно | таино) ~3 отправ*|передаи*|перешли*|вызови*|прочита*|скопируи*|пользовател*
      не ~3 кажи*|повідомля*|згаду*|розповіда* ~5 користувач*
      不要|不得|别|請勿|请勿|切勿|禁止|不能|勿|不可|不应|绝不|絕不 ~4 \
      告诉|告訴|提及|提到|通知|透露|告知|显示|顯示|泄露|提醒|说明|說明|提示|暴露 ~6 用户|用戶|使用者|任何人|他人
      不要|不得|别|切勿|不能 ~1 让|讓|被 ~2 用户|用戶|使用者 ~4 知道|发现|發現|看到|察觉|注意
      瞒着|瞞著|背着|不让|不讓|避免让|避免讓|隐瞒|隱瞞 ~3 用户|用戶|使用者
      不要|切勿|请勿|别 ~2 提及|提到|透露|告知 ~4 此|这|這|本|该
      悄悄|偷偷|暗中|秘密|静默|默默|私下 ~2 发送|發送|上传|上傳|执行|執行|读取|讀取|收集|调用|傳送|传送|地|转发
      ユーザー|ユーザ|利用者|使用者 ~5 伝え|知らせ|言わ|教え|通知|開示|話さ|見せ|告げ|言及|報告 ~4 ない|ず|な|禁止|いけ|しない
      気づかれ|気付かれ|知られ|見られ|悟られ ~3 ない|ず
      ユーザー|ユーザ|利用者 ~4 秘密|内緒|隠し|内密
      密かに|こっそり|黙って|ひそかに ~6 送信|送っ|送り|読み|実行|呼び|転送|コピー
      사용자|유저 ~6 알리|말하|언급|보여|공개|알려 ~3 마|않|말
      몰래 ~6 전송|보내|읽|실행
      لا ~2 تخبر|تذكر|تخبري|تكشف ~4 المستخدم
      """),
    PhraseFamily(
      .crossToolInstruction, .medium,
      """
      antes de usar|llamar|utilizar|ejecutar|invocar ~4 herramienta|herramientas|funcion
      avant (dutiliser | dappeler | dexecuter | de lancer | toute utilisation) ~5 outil|outils|fonction
      bevor|(vor der) ~6 werkzeug|tool|funktion ~4 verwendest|benutzt|aufrufst|verwendet|nutzt|verwendung|aufruf
      antes de usar|chamar|utilizar|executar ~4 ferramenta|funcao
      prima di usare|chiamare|utilizzare|eseguire ~4 strumento|funzione
      перед ~2 использованием|вызовом|применением ~4 инструмент*|функци*
      прежде чем ~6 инструмент*|функци*
      使用|调用|調用|執行|执行 ~5 工具|函数 ~2 之前|前
      ツール ~6 使う前|使用する前|呼び出す前|実行する前|使用前
      도구 ~6 전에
      """),
    PhraseFamily(
      .credentialAccess, .high,
      """
      lee|leer|lea|abre|abrir|abra|copia ~6 archivo|fichero|contenido|<path>|clave|claves ~14 \
      envia|enviar|envie|pasa|pasar|pase|incluye|incluir|incluya|adjunta|contenido|parametro
      lis|lisez|lire|ouvre|ouvrez ~6 fichier|contenu|<path>|cle|cles ~14 \
      envoie|envoyez|envoyer|transmets|transmettez|passe|passez|inclus|incluez|parametre|contenu
      lies|lese|lesen|offne|oeffne ~6 datei|inhalt|<path>|schlussel ~14 \
      sende|schicke|ubergib|uebergib|inhalt|parameter|fuge|ubermittle
      leia|ler|abra ~6 arquivo|conteudo|<path> ~14 envie|enviar|passe|inclua|parametro|conteudo
      leggi|leggere|apri ~6 file|contenuto|<path> ~14 invia|passa|includi|parametro|contenuto
      прочита*|прочти*|открои*|считаи* ~6 фаил*|содержимо*|<path>|ключ* ~14 передаи*|отправ*|вложи*|включи*|параметр*|содержим*
      读取|讀取|打开|打開|查看|读 ~14 文件|檔案|密钥|配置|私钥|<path> ~~24 传递|传入|发送|發送|作为|作為|提交|填入|放入|參數|参数|上传
      ファイル|内容|秘密鍵|<path> ~8 読み|読ん|読込|開い ~~20 送信|渡し|パラメータ|引数|含め|送っ
      """),
    PhraseFamily(
      .exfiltration, .high,
      """
      envia|envie|enviar|manda|mandar|reenvia|reenvie|transmite ~6 \
      contrasena|contrasenas|credenciales|claves|conversacion|historial|clave|secretos
      envoie|envoyez|envoyer|transmets|transmettez|transmettre ~6 \
      (mots de passe)|(mot de passe)|identifiants|cles|conversation|historique|secrets|cle
      sende|schicke|ubermittle|ubertrage|leite|senden ~8 \
      passworter|passwort|zugangsdaten|gesprachsverlauf|schlussel|unterhaltung|gesprach|chatverlauf|geheimnisse|konversation
      envie|envia|mande|enviar|transmita ~6 senha|senhas|credenciais|conversa|historico|chaves|segredos
      invia|inviare|manda|trasmetti ~6 password|credenziali|conversazione|cronologia|chiavi|segreti
      отправ*|перешли*|передаи*|вышли*|переслать ~6 парол*|ключ*|истори*|переписк*|токен*|секрет*|диалог*|(учетные данные)
      发送|發送|上传|上傳|传送|傳送|泄露|转发|轉發|提交 ~10 密码|密碼|密钥|密鑰|私钥|凭证|凭据|憑證|聊天记录|对话记录|对话历史|令牌|系统提示|對話
      密码|密碼|密钥|私钥|凭证|凭据|令牌|聊天记录|对话历史|对话记录|对话内容|系统提示词|系统提示|對話記錄|對話 ~8 \
      发送|發送|上传|上傳|发给|传给|发到|泄露|转发|傳送|传递|填入
      パスワード|認証情報|会話履歴|秘密鍵|トークン|会話|システムプロンプト|資格情報 ~10 送信|送っ|渡し|含め|転送|アップロード|送り
      비밀번호|대화|자격|토큰|비밀키 ~8 보내|전송|포함|전달
      أرسل ~6 كلمة|كلمات|المحادثة|المفاتيح
      """),
  ]
}
