//! The look of the page: light and dark, on screen and on paper. Contrast of text is at least 4.5 to 1 in both.

/// Without `&` and `<`, so that it stands in XML as it is.
pub(super) const STYLE: &str = "
:root{color-scheme:light dark;--bg:#fdfdfc;--ink:#1c2024;--soft:#5a626b;--line:#d8dce0;--panel:#f3f4f3;--link:#0b5394;\
--good:#1f6b3a;--good-bg:#e6f2ea;--bad:#a3161f;--bad-bg:#fbe9ea;--done:#3f6f9f;--denied:#c2410c;--failed:#8a6d00}
@media(prefers-color-scheme:dark){:root{--bg:#14171a;--ink:#e6e8ea;--soft:#a3abb3;--line:#343a40;--panel:#1d2125;--link:#8ab8e6;\
--good:#8fd3a6;--good-bg:#173022;--bad:#ff9ea3;--bad-bg:#3a1719;--done:#6fa3d4;--denied:#f08a5a;--failed:#d9b93c}}
*{box-sizing:border-box}
html{scroll-behavior:smooth}
body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:72rem;background:var(--bg);color:var(--ink);\
font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif}
a{color:var(--link)}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-999rem}
.skip:focus{left:1rem;top:1rem;background:var(--bg);padding:.5rem}
header{border-bottom:2px solid var(--ink);padding-bottom:1.5rem;margin-bottom:1.5rem}
.kicker{margin:0;color:var(--soft);overflow-wrap:anywhere}
h1{margin:.1rem 0 .2rem;font-size:2rem;line-height:1.2;font-weight:650;letter-spacing:-.01em}
h2{margin:0 0 .35rem;font-size:1.25rem;line-height:1.3;font-weight:650}
.period{margin:0 0 1rem;font-size:1.1rem;font-variant-numeric:tabular-nums}
abbr{text-decoration:none}
.verdict{margin:0 0 1.25rem;padding:.6rem .9rem;border-left:5px solid;border-radius:2px}
.good{color:var(--good);background:var(--good-bg)}
.part{color:var(--failed);background:var(--panel)}
.bad{color:var(--bad);background:var(--bad-bg);font-size:1.1rem}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:.6rem 1.5rem;margin:0}
dt{color:var(--soft);font-size:.8rem}
dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
nav{background:var(--panel);padding:1rem 1.25rem;border-radius:4px;margin-bottom:2rem}
nav h2{font-size:1rem}
nav ol{margin:0;padding-left:1.4rem;columns:16rem;column-gap:2rem}
.count{color:var(--soft);font-variant-numeric:tabular-nums;font-size:.85rem}
section{margin:0 0 2.5rem;scroll-margin-top:1rem}
.about{margin:.1rem 0 .7rem;color:var(--soft);max-width:46rem}
.none,.more{color:var(--soft);margin:.3rem 0}
.tiles{list-style:none;margin:.8rem 0 0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(10.5rem,1fr));gap:.7rem}
.tiles a{display:block;height:100%;padding:.7rem .9rem;border:1px solid var(--line);border-radius:4px;color:inherit;text-decoration:none}
.tiles a:hover{border-color:var(--link)}
.tiles b{display:block;font-size:1.5rem;line-height:1.2;font-weight:600;font-variant-numeric:tabular-nums}
.tiles span{color:var(--soft);font-size:.85rem}
.tiles .look a{border-left:4px solid var(--denied)}
figure{margin:1rem 0 .5rem;overflow-x:auto}
figcaption{font-weight:600;margin-bottom:.2rem}
.legend{margin:0 0 .2rem;font-size:.85rem;color:var(--soft)}
.legend span{margin-right:1rem}
.key{display:inline-block;width:.8em;height:.8em;margin-right:.35em;border-radius:2px}
svg{width:100%;min-width:36rem;height:auto;display:block}
.t{fill:var(--soft);font-size:13px;font-variant-numeric:tabular-nums}
.g{stroke:var(--line);stroke-width:1}
.k-success{fill:var(--done);background:var(--done)}
.k-denied{fill:var(--denied);background:var(--denied)}
.k-failed{fill:var(--failed);background:var(--failed)}
details{margin:0 0 1.2rem}
summary{cursor:pointer;color:var(--link);font-size:.9rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
th,td{padding:.35rem .9rem .35rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
tbody th{font-weight:500}
thead th{color:var(--soft);font-weight:600;font-size:.8rem;border-bottom:1px solid var(--ink);white-space:nowrap}
td,tbody th{overflow-wrap:anywhere;min-width:5.5rem}
.n{text-align:right;min-width:0;white-space:nowrap}
time{white-space:nowrap}
.nil{color:var(--soft)}
.flag{color:var(--bad);font-weight:600}
footer{color:var(--soft);font-size:.85rem;border-top:1px solid var(--line);padding-top:1rem}
@media print{:root{color-scheme:light;--bg:#fff;--ink:#000;--soft:#444;--line:#bbb;--panel:#fff;--link:#000;--good:#000;--good-bg:#fff;\
--bad:#000;--bad-bg:#fff;--done:#777;--denied:#000;--failed:#bbb}
@page{margin:16mm}
body{max-width:none;padding:0;font-size:10pt}
.skip,summary{display:none}
nav{border:1px solid #bbb}
a{text-decoration:none}
figure,tr,.tiles li{break-inside:avoid}
h2{break-after:avoid}
thead{display:table-header-group}
table{font-size:7.5pt}
th,td,tbody th{padding-right:.45rem;min-width:0}
time{white-space:normal}
.scroll,figure{overflow:visible}
svg{min-width:0}
.k-success,.k-denied,.k-failed{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
";
