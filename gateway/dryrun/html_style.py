"""How the report looks: on a screen by day and by night, and on paper. Nothing in it is fetched from anywhere."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #fff; --ink: #1b2230; --soft: #5b6472; --line: #d9dee6; --band: #f5f7fa;
  --pass: #1f7a4d; --refuse: #b3261e; --look: #8a5a00; --bar: #2f6fb3; --rest: #e3e8ef;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181f; --ink: #e6e9ee; --soft: #a3acba; --line: #333b48; --band: #1c222c;
    --pass: #6fce9d; --refuse: #ff9b93; --look: #f0bf6a; --bar: #7db3ec; --rest: #2a3240;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 72rem; padding: 1.5rem 1.25rem 4rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "PingFang SC", "Microsoft YaHei",
    "Noto Sans CJK SC", "Source Han Sans SC", sans-serif;
}
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .4rem; padding-top: .4rem; border-top: 2px solid var(--line); }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
p { margin: .3rem 0 .6rem; max-width: 46rem; }
.soft, caption, figcaption { color: var(--soft); }
.lead { font-size: 1.15rem; }
code, .code {
  font: .86em/1.4 ui-monospace, "Cascadia Mono", Menlo, Consolas, "Noto Sans Mono", "Noto Sans Mono CJK SC", monospace;
  overflow-wrap: anywhere;
}
dl.about { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .8rem 0; }
dl.about dt { color: var(--soft); }
dl.about dd { margin: 0; overflow-wrap: anywhere; }
.numbers { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0; padding: 0; list-style: none; }
.numbers li { flex: 1 1 7.5rem; border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .8rem; }
.numbers b { display: block; font-size: 1.6rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.pass { color: var(--pass); } .refuse { color: var(--refuse); } .look { color: var(--look); }
ul.notices { padding: 0; list-style: none; margin: .6rem 0; }
ul.notices li {
  border-left: .25rem solid var(--look); background: var(--band); padding: .35rem .7rem; margin: .3rem 0;
}
ul.notices li.bad { border-color: var(--refuse); }
nav ol { columns: 3 14rem; margin: .5rem 0; padding-left: 1.4rem; }
a { color: inherit; }
table { border-collapse: collapse; width: 100%; margin: .4rem 0 1rem; font-size: .92rem; }
caption { text-align: left; padding: .2rem 0 .4rem; caption-side: top; }
th, td {
  text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line);
  overflow-wrap: break-word;
}
thead th { border-bottom: 2px solid var(--line); font-weight: 600; color: var(--soft); overflow-wrap: normal; }
tbody th { font-weight: 600; min-width: 7rem; overflow-wrap: break-word; }
tbody tr:nth-child(even) { background: var(--band); }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; overflow-wrap: normal; }
thead .n { white-space: normal; }
svg.bar { display: block; width: 5rem; height: .7rem; margin-top: .35rem; }
svg.bar .all { fill: var(--rest); } svg.bar .part { fill: var(--bar); } svg.bar .refused { fill: var(--refuse); }
footer { margin-top: 2.5rem; border-top: 2px solid var(--line); padding-top: .6rem; }
.wide { overflow-x: auto; }
@media print {
  :root {
    color-scheme: light;
    --ground: #fff; --ink: #000; --soft: #444; --line: #bbb; --band: #f4f4f4;
    --pass: #14532d; --refuse: #8c1d18; --look: #6b4500; --bar: #33608c; --rest: #ddd;
  }
  @page { size: A4; margin: 16mm 14mm 18mm; }
  body { padding: 0; max-width: none; font-size: 9.5pt; }
  table { font-size: 8pt; }
  h1 { font-size: 18pt; } h2 { font-size: 12pt; break-after: avoid; } caption { break-after: avoid; }
  thead { display: table-header-group; }
  tr, .numbers li, ul.notices li { break-inside: avoid; }
  nav { display: none; }
  .wide { overflow: visible; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""

_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"
"""The page's Content-Security-Policy: no script, no picture, no address; this one style and no other."""
