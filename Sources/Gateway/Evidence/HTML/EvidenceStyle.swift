/// The page's style sheet: for the screen in light and dark, and for A4.
///
/// Decisions have a sign each, the same everywhere: a disc, a cross, a diamond. Colours have a contrast of at least 4.5
/// to what they stand on, signs and bars one of 3 (WCAG 2.2 AA).
enum EvidenceStyle {
  static let sheet: StaticString = """
    :root{--page:#fff;--card:#f5f7f9;--line:#d5dbe1;--text:#1a2028;--quiet:#56616d;--link:#0b57a4;
    --allow:#0f766e;--deny:#b42318;--ask:#8a5300;--allow-fill:#159488;--deny-fill:#d13b2f;--ask-fill:#b87700;
    --allow-tint:#e3f4f1;--deny-tint:#fdecea;--ask-tint:#fdf2dc;--hatch:#b9c1ca;
    --mono:ui-monospace,SFMono-Regular,Menlo,
    Consolas,"DejaVu Sans Mono","Noto Sans Mono CJK JP",monospace}
    @media screen and (prefers-color-scheme:dark){:root{--page:#0f1419;--card:#181f27;--line:#313b46;--text:#e7ebef;
    --quiet:#a0acb8;--link:#7db8f5;--allow:#5ad1c4;--deny:#ff9488;--ask:#f2c25b;--allow-fill:#2fb5a7;
    --deny-fill:#f0655a;
    --ask-fill:#dba23a;--allow-tint:#12302d;--deny-tint:#3b1a18;--ask-tint:#352a12;--hatch:#48535f}}
    *{box-sizing:border-box}
    html{color-scheme:light dark;-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-padding-top:3rem}
    body{margin:0 auto;max-width:1320px;padding:0 28px 48px;background:var(--page);color:var(--text);
    font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",Arial,sans-serif}
    h1,h2,h3,p,dl,dd,ul,ol,figure,fieldset{margin:0;padding:0}
    h1{font-size:15px;font-weight:600;color:var(--quiet)}
    h2{font-size:21px;line-height:1.3;font-weight:650;margin-bottom:12px}
    h3{font-size:15px;font-weight:650;margin:22px 0 8px}
    section{margin-top:40px}
    a{color:var(--link);text-underline-offset:2px}
    a:focus-visible,.raw:focus-visible,summary:focus-visible,input:focus-visible{outline:2px solid var(--link);
    outline-offset:2px}
    code,pre,.time,.ids,.id,.facts dd,.lines dd{font-family:var(--mono);font-size:.87em}
    small{display:block;font-size:12px;color:var(--quiet)}
    .n{font-style:normal;color:var(--quiet)}
    .u{font:.85em var(--mono);font-style:normal;color:var(--deny);background:var(--deny-tint);border-radius:3px;
    padding:0 2px;unicode-bidi:isolate}
    .none,figcaption{color:var(--quiet)}
    .skip{position:absolute;left:-9999px}
    .skip:focus{left:8px;top:8px;padding:8px 12px;background:var(--page);border:2px solid var(--link);z-index:9}
    .paper{display:none}
    .top{padding-top:30px}
    .session{font-size:30px;line-height:1.2;font-weight:700;letter-spacing:-.01em;overflow-wrap:anywhere;
    white-space:pre-wrap;margin:2px 0 6px}
    .session>span{font-weight:400;color:var(--quiet);margin-right:.35em}
    .lead{font-size:17px;max-width:75ch}
    .facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:10px 28px;margin-top:18px;
    padding-top:14px;border-top:1px solid var(--line)}
    .facts div{min-width:0}
    dt{font-size:12px;color:var(--quiet)}
    dd{overflow-wrap:anywhere;white-space:pre-wrap}
    nav{display:flex;flex-wrap:wrap;gap:4px 18px;margin-top:20px;padding:9px 0;border-block:1px solid var(--line);
    position:sticky;top:0;background:var(--page);z-index:3}
    nav a{text-decoration:none}
    nav a:hover{text-decoration:underline}
    .alarm{margin-top:24px;border:1px solid var(--ask-fill);border-left-width:6px;border-radius:8px;padding:14px 18px;
    background:var(--ask-tint)}
    .alarm h2{font-size:18px;margin-bottom:4px}
    .alarm li{margin:8px 0 0 18px}
    .alarm .time{display:inline-block;margin-right:.6em}
    .badge{display:inline-block;min-width:1.7em;padding:0 .45em;border-radius:1em;text-align:center;font-size:.8em;
    color:var(--page);background:var(--ask)}
    .tiles{display:grid;grid-template-columns:repeat(6,1fr);gap:12px;margin-top:24px}
    .tile{border:1px solid var(--line);border-radius:8px;padding:12px 14px;background:var(--card);min-width:0}
    .tile h3{margin:0;font-size:13px;font-weight:600;color:var(--quiet)}
    .tile p{font-size:12.5px;color:var(--quiet)}
    .tile .big{font-size:29px;line-height:1.25;font-weight:700;color:var(--text);font-variant-numeric:tabular-nums}
    .tile.a,.tile.d,.tile.q,.tile.k{border-top:4px solid var(--allow-fill);padding-top:9px}
    .tile.d,.tile.k{border-top-color:var(--deny-fill)}
    .tile.q{border-top-color:var(--ask-fill)}
    .tile.a h3::before,.legend .a::before,b.a::before{content:"\\25CF\\A0";content:"\\25CF\\A0" / ""}
    .tile.d h3::before,.legend .d::before,b.d::before{content:"\\2715\\A0";content:"\\2715\\A0" / ""}
    .tile.q h3::before,.legend .q::before,b.q::before{content:"\\25C6\\A0";content:"\\25C6\\A0" / ""}
    .tile.a h3,.legend .a::before{color:var(--allow)}
    .tile.d h3,.legend .d::before{color:var(--deny)}
    .tile.q h3,.legend .q::before{color:var(--ask)}
    figure{border:1px solid var(--line);border-radius:8px;padding:14px 20px 12px}
    .legend{display:flex;flex-wrap:wrap;gap:2px 20px;font-size:13px;margin-bottom:10px}
    .legend .s::before,.legend .b::before{content:"";display:inline-block;width:14px;height:10px;margin-right:6px;
    background:repeating-linear-gradient(135deg,var(--hatch) 0 1.5px,transparent 1.5px 4px)}
    .legend .b::before{background:var(--ask-tint);border:1px solid var(--ask-fill)}
    figcaption{font-size:13px;margin-top:4px}
    svg{display:block}
    .chart{overflow:visible}
    .chart text{font-size:12px;fill:var(--quiet)}
    .chart .lane{font-size:13px;font-weight:600;fill:var(--text);paint-order:stroke;stroke:var(--page);stroke-width:4px;
    stroke-linejoin:round}
    .chart .count{text-anchor:end;font-variant-numeric:tabular-nums;paint-order:stroke;stroke:var(--page);
    stroke-width:4px}
    .band{fill:var(--card)}
    .base{stroke:var(--quiet)}
    .chart .many{font-size:11px;fill:var(--text);paint-order:stroke;stroke:var(--page);stroke-width:3px}
    .axis line{stroke:var(--line)}
    .axis text{text-anchor:middle;font-variant-numeric:tabular-nums}
    .axis .from{text-anchor:start}
    .axis .to,.mark .to{text-anchor:end}
    rect.a,circle.a{fill:var(--allow-fill)}
    rect.d{fill:var(--deny-fill)}
    rect.q{fill:var(--ask-tint);stroke:var(--ask-fill);stroke-width:1.2}
    path.d{stroke:var(--deny-fill);stroke-width:2.4;stroke-linecap:round}
    path.q{fill:var(--ask-tint);stroke:var(--ask-fill);stroke-width:1.8}
    .tools rect.q{fill:var(--ask-fill);stroke:none}
    .chart a:hover rect,.chart a:hover circle,.chart a:hover path{stroke:var(--text);stroke-width:2.4}
    .hatch{stroke:var(--hatch);stroke-width:1.6}
    .burst{fill:var(--ask-tint);stroke:var(--ask-fill);stroke-width:.6}
    .mark line{stroke:var(--quiet);stroke-width:1.4;stroke-dasharray:5 3}
    .mark text{font-weight:600;fill:var(--text);paint-order:stroke;stroke:var(--page);stroke-width:4px}
    .kill line{stroke:var(--deny-fill);stroke-width:2.4;stroke-dasharray:none}
    .kill text{fill:var(--deny)}
    .pause line{stroke-width:2;stroke-dasharray:none}
    .approval line{stroke:var(--ask-fill);stroke-dasharray:2 3}
    .approval text{fill:var(--ask)}
    .acts,.alarm ul{list-style:none}
    .acts li{display:grid;grid-template-columns:9.5em 7.5em 1fr;gap:0 12px;padding:4px 0;
    border-top:1px solid var(--line)}
    .acts li>*{min-width:0;overflow-wrap:anywhere}
    .acts a{font-family:var(--mono);font-size:.87em}
    .chips{list-style:none;display:flex;flex-wrap:wrap;gap:6px}
    .chips li{border:1px solid var(--line);border-radius:1em;padding:0 .7em;font:13px/1.8 var(--mono);
    overflow-wrap:anywhere;
    min-width:0}
    .chips+p{margin-top:12px}
    table{border-collapse:collapse;width:100%;table-layout:fixed}
    caption{position:absolute;left:-9999px}
    th,td{text-align:left;vertical-align:top;padding:7px 12px 7px 0;overflow-wrap:anywhere;white-space:pre-wrap;
    font-weight:400;unicode-bidi:isolate}
    thead th{font-size:12px;font-weight:600;color:var(--quiet);white-space:normal;overflow-wrap:normal;
    border-bottom:1px solid var(--quiet);
    vertical-align:bottom}
    tbody th{font-weight:600}
    .r{text-align:right;font-variant-numeric:tabular-nums;padding-right:18px}
    .zero{color:var(--quiet)}
    td.a{color:var(--allow)}td.d{color:var(--deny)}td.q{color:var(--ask)}
    .tools tr,.rules tr,.writes tr,.events tbody{border-top:1px solid var(--line)}
    .tools th:first-child,.rules th:first-child{width:34%}
    .tools .r,.rules .r{width:7em}
    .tools .bar svg{margin-top:5px}
    b.a,b.d,b.q{display:inline-block;padding:0 .5em;border-radius:4px;font-size:12px;line-height:1.7;font-weight:700;
    color:var(--allow);background:var(--allow-tint);white-space:normal;overflow-wrap:normal}
    b.d{color:var(--deny);background:var(--deny-tint)}
    b.q{color:var(--ask);background:var(--ask-tint)}
    .error,.no{color:var(--deny)}
    .events th:nth-child(1){width:12.8em}.writes th:nth-child(1){width:11.5em}
    .events th:nth-child(2){width:17%}
    .events th:nth-child(3){width:17.5em}
    .writes th:nth-child(2){width:32%}
    .events th:nth-child(5){width:5.5em}
    .events th:nth-child(6){width:15%}
    .events td:first-child{font-variant-numeric:tabular-nums}
    .events .ids td{padding:0 12px 8px;font-size:11px;line-height:1.45;color:var(--quiet)}
    tbody.a{--edge:var(--allow-tint)}tbody.d{--edge:var(--deny-fill)}tbody.q{--edge:var(--ask-fill)}
    tbody.o{--edge:var(--quiet)}
    .events td:first-child{background:linear-gradient(var(--edge),var(--edge)) 0 0/4px 100% no-repeat;padding-left:12px}
    .events thead th:first-child{padding-left:12px}
    .events tbody.o{background-color:var(--card)}
    tbody:target{background-color:var(--ask-tint)!important;outline:2px solid var(--ask-fill);outline-offset:-1px}
    #events>span{color:var(--quiet);margin-right:14px}
    #events>input{position:absolute;opacity:0;margin:0;width:1px;height:1px}
    #events>label{display:inline-block;margin:0 8px 6px 0;padding:0 12px;border:1px solid var(--line);border-radius:1em;
    line-height:1.75;cursor:pointer}
    #events>label:hover{border-color:var(--quiet)}
    #events>:checked+label{background:var(--text);border-color:var(--text);color:var(--page)}
    #events>:focus-visible+label{outline:2px solid var(--link);outline-offset:2px}
    #events>input~.chunk{margin-top:8px}
    .lines{display:grid;gap:8px}
    .lines div{display:grid;grid-template-columns:9em 1fr;gap:12px;border-top:1px solid var(--line);padding-top:8px}
    .lines dt{font-size:14px}
    .lines+p{margin-top:14px}
    pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.45}
    .command{margin-top:8px;padding:10px 14px;border:1px solid var(--line);border-radius:6px;background:var(--card)}
    summary{cursor:pointer;color:var(--link)}
    details pre{font-size:12.5px}
    footer{margin-top:40px;padding-top:12px;border-top:1px solid var(--line);font-size:13px;color:var(--quiet);
    overflow-wrap:anywhere}
    @media screen{
    thead th{position:sticky;top:42px;z-index:1;background:var(--page);border:0;box-shadow:inset 0 -1px var(--quiet)}
    tbody{scroll-margin-top:38px}
    .lazy{content-visibility:auto;contain-intrinsic-size:auto 9000px}
    .raw{max-height:85vh;overflow:auto;margin-top:8px;padding:10px 14px;border:1px solid var(--line);border-radius:6px;
    background:var(--card)}
    details pre{content-visibility:auto;contain-intrinsic-size:auto 6000px}
    .chunk+.chunk{margin-top:18px!important}
    #fd:checked~.chunk:not(.hd),#fd:checked~.chunk tbody:not(.d),
    #fq:checked~.chunk:not(.hq),#fq:checked~.chunk tbody:not(.q),
    #fw:checked~.chunk:not(.hw),#fw:checked~.chunk tbody:not(.w),
    #fe:checked~.chunk:not(.he),#fe:checked~.chunk tbody:not(.e),
    #fo:checked~.chunk:not(.ho),#fo:checked~.chunk tbody:not(.o){display:none}
    }
    @media screen and (max-width:1020px){.tiles{grid-template-columns:repeat(3,1fr)}}
    @media screen and (max-width:760px){
    body{padding:0 14px 32px}
    .top{padding-top:18px}
    .session{font-size:23px}
    .session>span{display:block;font-size:13px}
    .lead{font-size:16px}
    .facts{grid-template-columns:1fr;gap:4px}
    .facts div{display:grid;grid-template-columns:8em 1fr}
    .facts dd{grid-column:2}
    nav{flex-wrap:nowrap;overflow-x:auto;white-space:nowrap}
    section{margin-top:32px}
    .tiles{grid-template-columns:repeat(2,1fr);gap:8px}
    figure{padding:12px 14px 10px}
    .odd{display:none}
    .acts li{grid-template-columns:9.5em 1fr}
    .acts li span{grid-column:1/3}
    .tools .bar{display:none}
    .tools .r,.rules .r{width:4.4em;padding-right:6px;font-size:13px}
    .tools thead .r,.rules thead .r{font-size:11px;width:5.2em}
    .tools th:first-child,.rules th:first-child{width:auto}
    .rules th:nth-child(3){width:9.5em}
    .lines div{grid-template-columns:1fr;gap:0}
    .cards,.cards tbody,.cards tr,.cards td{display:block}
    .cards thead{position:absolute;left:-9999px}
    .cards td{padding:0}
    .cards tr{padding:10px 0}
    .events tr{display:grid;grid-template-columns:minmax(9.2em,1fr) auto;gap:4px 12px}
    .events td:nth-child(1){order:1}.events td:nth-child(3){order:2;text-align:right;justify-self:end}
    .events td:nth-child(2){order:3}.events td:nth-child(6){order:4;text-align:right;justify-self:end}
    .events td:nth-child(4){order:5;grid-column:1/3}.events td:nth-child(5){order:6;grid-column:1/3}
    tbody{scroll-margin-top:0}
    .events td:nth-child(5){font-size:12px;color:var(--quiet)}
    .events td:nth-child(5)::after{content:" ms"}
    .events tbody{padding-left:12px;background:linear-gradient(var(--edge),var(--edge)) 0 0/4px 100% no-repeat}
    .events td:first-child{background:none;padding-left:0}
    .events .ids{display:block;padding:0 0 10px}
    .events .ids td:first-child{padding:0}
    .events td.r{text-align:left;padding:0}
    .writes tr{display:grid;grid-template-columns:1fr 1fr;gap:4px 12px}
    .writes td:nth-child(n+3)::before{font-size:12px;color:var(--quiet);content:"reversible "}
    .writes td:nth-child(4)::before{content:"approved by "}
    .writes td:nth-child(5)::before{content:"state before "}
    .writes td:nth-child(6)::before{content:"error "}
    .lazy{contain-intrinsic-size:auto 21000px}
    }
    @page{size:A4;margin:15mm 13mm 17mm;@bottom-left{content:"AgentGate Evidence Pack";font:8pt sans-serif;
    color:#56616d}
    @bottom-right{content:counter(page) " / " counter(pages);font:8pt sans-serif;color:#56616d}}
    @media print{
    html{color-scheme:light}
    body{padding:0;max-width:none;font-size:9.5pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}
    nav,.skip,.screen,#events>span,#events>input,#events>label{display:none}
    .paper{display:block;color:var(--quiet)}
    .top{padding-top:0}
    h1{font-size:10pt}h2{font-size:14pt;margin-bottom:6pt}h3{font-size:10.5pt;margin:12pt 0 4pt}
    .session{font-size:19pt}
    .lead{font-size:11pt}
    section{margin-top:16pt}
    h1,h2,h3,caption,.legend{break-after:avoid}
    a{color:inherit;text-decoration:none}
    .facts{grid-template-columns:repeat(3,1fr);gap:3pt 14pt;margin-top:7pt;padding-top:6pt}
    dt,.facts dd{font-size:7.5pt;line-height:1.35}
    .alarm{padding:5pt 9pt;margin-top:10pt}
    .alarm h2{font-size:11pt;margin:0}
    .alarm li{margin:3pt 0 0;font-size:8.5pt}
    .alarm .time{font-size:7pt;margin-right:.5em}
    .tiles{gap:6pt;margin-top:9pt;grid-template-columns:1fr 1fr 1fr 1.4fr 1.1fr 1.1fr}
    .tile,.tile.a,.tile.d,.tile.q,.tile.k{padding:4pt 6pt}
    .tile h3{font-size:7.5pt;white-space:nowrap}.tile p{font-size:7pt}
    .tile .big{font-size:15pt}
    .tile,figure,.alarm li,.acts li,.lines div,tr,.events tbody{break-inside:avoid}
    figure{padding:7pt 11pt;zoom:.7}
    .legend{font-size:11pt;gap:2pt 12pt;margin-bottom:6pt}
    figcaption{font-size:11pt}
    .id{font-size:6.8pt;white-space:nowrap}
    .writes th:nth-child(2){width:36%}
    th,td{padding:3pt 8pt 3pt 0}
    thead{display:table-header-group;break-after:avoid}
    small{font-size:7.5pt}
    b.a,b.d,b.q{font-size:7.5pt}
    .events{font-size:8pt}
    .events th:nth-child(1){width:10.6em}.writes th:nth-child(1){width:10.5em}
    .events th:nth-child(2){width:14%}.events th:nth-child(6){width:18%}
    .events th:nth-child(3){width:12em}
    .events tbody.o{background:none}
    .events th:nth-child(5){width:4.8em}.r{padding-right:9pt}
    .events .ids td{font-size:6.8pt;padding:0 8pt 4pt 12px}
    tbody:target{outline:0}
    .chunk+.chunk{margin-top:10pt}
    details pre{font-size:7pt}
    footer{margin-top:18pt}
    }

    """
}
