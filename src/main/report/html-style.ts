/** The style of the race report: light, dark and print. */
export const STYLE = `
:root { color-scheme: light dark; --paper: #fbfbfa; --card: #fff; --ink: #1c2024; --soft: #646a73; --rule: #e3e5e8;
  --dialling: #c9ced6; --handshaking: #e0a030; --choked: #5b8def; --unchoked: #1f9d6b; --lost: #d2453c; --accent: #1f9d6b; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171a; --card: #1b1f24; --ink: #e8eaed; --soft: #9aa3ad;
  --rule: #2c323a; --dialling: #454d58; --handshaking: #d9a441; --choked: #6f9cf5; --unchoked: #37b882; --lost: #ee6a60; --accent: #37b882; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 24px 20px 48px; background: var(--paper); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 24px; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 16px; margin: 0 0 4px; }
.hash { color: var(--soft); font: 12px/1.4 ui-monospace, "DejaVu Sans Mono", monospace; margin: 2px 0 16px; overflow-wrap: anywhere; }
.words { color: var(--soft); margin: 0 0 12px; }
section { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 18px 20px; margin-top: 18px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 12px; }
.tile { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 12px 16px; }
.tile span, .tile small { display: block; color: var(--soft); overflow-wrap: anywhere; } .tile b { font-size: 26px; line-height: 1.3; }
svg { display: block; width: 100%; } .scroll { overflow-x: auto; }
.timeline { --names: 230px; --row: 14px; font-size: 11px; line-height: var(--row); }
.axis { position: relative; height: 18px; } .rows { position: relative; isolation: isolate; }
.axis span, .rows > i { position: absolute; left: calc(var(--names) + (100% - var(--names)) * var(--at)); }
.axis span { white-space: nowrap; transform: translateX(-50%); } .tick, .name { color: var(--soft); }
.rows > i { top: 0; bottom: 0; z-index: -1; border-left: 1px solid var(--rule); } .rows > i.won { z-index: 1; border-left: 2px dashed var(--accent); pointer-events: none; }
.axis .first { color: var(--accent); font-weight: 600; transform: translateX(5px); } .axis .first.before { transform: translateX(calc(-100% - 5px)); }
summary, .rest { display: grid; grid-template-columns: var(--names) 1fr; align-items: center; list-style: none; }
summary { cursor: pointer; } summary::-webkit-details-marker { display: none; } summary:hover, details[open] { background: color-mix(in srgb, var(--rule) 45%, transparent); }
.rest { align-items: start; margin-top: 8px; } .name { padding-right: 8px; text-align: right; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
span.plot { position: relative; height: 8px; } .plot b { position: absolute; top: 0; height: 100%; min-width: 1px; } .plot b.lost { top: -1px; height: 10px; width: 2px; }
.peer p { margin: 2px 0 6px; padding: 0 8px 4px; font-size: 12px; line-height: 1.45; overflow-wrap: anywhere; } .winner .name { color: var(--ink); font-weight: 700; }
.hair { fill: none; } .hair.dialling { stroke: var(--dialling); } .hair.handshaking { stroke: var(--handshaking); } .hair.choked { stroke: var(--choked); } .hair.unchoked { stroke: var(--unchoked); }
.legend { display: flex; flex-wrap: wrap; gap: 6px 18px; margin: 0 0 8px; color: var(--soft); font-size: 12px; }
.legend i { display: inline-block; width: 14px; height: 10px; margin-right: 6px; border-radius: 2px; }
:is(i, b).dialling { background: var(--dialling); } :is(i, b).handshaking { background: var(--handshaking); } :is(i, b).choked { background: var(--choked); }
:is(i, b).unchoked { background: var(--unchoked); } :is(i, b).lost { background: var(--lost); } .legend i.lost { width: 3px; }
.flow { display: grid; grid-template-columns: 84px 1fr; font-size: 11px; line-height: 14px; color: var(--soft); padding-top: 7px; }
.flow svg { height: 146px; overflow: visible; } .flow path { vector-effect: non-scaling-stroke; } .flow .grid { stroke: var(--rule); }
.levels, .times { display: flex; justify-content: space-between; } .levels { flex-direction: column; text-align: right; padding-right: 8px; margin: -7px 0; } .times { grid-column: 2; margin-top: 8px; }
.area { fill: var(--accent); opacity: .18; } .rate { fill: none; stroke: var(--accent); stroke-width: 1.6; }
.done { fill: none; stroke: var(--choked); stroke-width: 1.6; stroke-dasharray: 5 4; }
.bar { display: grid; grid-template-columns: 110px 1fr 170px; gap: 12px; align-items: center; padding: 3px 0; }
.track { background: var(--rule); border-radius: 4px; height: 14px; } .fill { display: block; height: 100%; background: var(--accent); border-radius: 4px; min-width: 1px; }
.figure, td + td { font-variant-numeric: tabular-nums; } .what { color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-size: 13px; margin-top: 6px; }
th { text-align: left; color: var(--soft); font-weight: 500; } th, td { padding: 4px 14px 4px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
td:not(:last-child) { white-space: nowrap; } td:last-child { min-width: 90px; } td.long:last-child { min-width: 220px; }
tr.winner td { font-weight: 700; } tr.winner td:first-child::before { content: "\\2605  "; color: var(--accent); }
footer { color: var(--soft); margin-top: 20px; font-size: 12px; }
@media (max-width: 640px) { body { padding: 12px 10px 32px; } section { padding: 14px 12px; }
  .timeline { --names: 0px; font-size: 12px; --row: 16px; } summary, .rest { grid-template-columns: minmax(0, 1fr); padding: 2px 0 3px; } .name { text-align: left; } .tick { transform: translateX(calc(var(--at) * -100%)); } .tick.extra { display: none; } .rows > i.won { z-index: -1; }
  .bar { grid-template-columns: 1fr auto; gap: 1px 10px; padding: 4px 0; } .bar .track { grid-column: 1 / -1; order: 3; height: 10px; } .flow { grid-template-columns: 74px 1fr; }
  table, tbody { display: block; } thead { display: none; }
  tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(66px, 1fr)); gap: 2px 8px; padding: 8px 0; border-bottom: 1px solid var(--rule); }
  td, td:not(:last-child), td:last-child, td.long:last-child { min-width: 0; border: 0; padding: 0; white-space: normal; overflow-wrap: anywhere; } td:empty { display: none; }
  td:first-child { grid-column: 1 / -1; font-weight: 600; } tr:has([data-of="client"]) td:first-child { grid-column: span 3; } td[data-of="client"], td[data-of="code"] { grid-column: span 2; }
  td[data-of]:not([data-of="client"])::before { content: attr(data-of); display: block; color: var(--soft); font-size: 11px; font-weight: 400; line-height: 1.3; }
  td.long, tr:has([data-of="client"]) td.long:first-child { grid-column: 1 / -1; } td.long[data-of]::before { display: inline; content: attr(data-of) ": "; } }
@media print { body { max-width: none; padding: 0; background: none; } section { break-inside: avoid; border-color: #ccc; } section:has(.timeline) { break-inside: auto; } }
`;
