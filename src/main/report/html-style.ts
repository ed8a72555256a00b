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
svg { display: block; width: 100%; height: auto; } .scroll { overflow-x: auto; }
.grid { stroke: var(--rule); } .tick, .name { fill: var(--soft); font-size: 10px; } .tick { text-anchor: middle; } .name { text-anchor: end; }
.dialling { fill: var(--dialling); stroke: none; } .handshaking { fill: var(--handshaking); } .choked { fill: var(--choked); } .unchoked { fill: var(--unchoked); }
.hair { fill: none; } .dialling.hair { stroke: var(--dialling); } .handshaking.hair { stroke: var(--handshaking); }
.choked.hair { stroke: var(--choked); } .unchoked.hair { stroke: var(--unchoked); }
line.won { stroke: var(--accent); stroke-width: 1.5; stroke-dasharray: 3 3; } text.won { fill: var(--accent); font-size: 11px; font-weight: 600; }
path.lost { stroke: var(--lost); stroke-width: 2; } g.winner .name { fill: var(--ink); font-weight: 700; }
.legend { display: flex; flex-wrap: wrap; gap: 6px 18px; margin: 0 0 8px; color: var(--soft); font-size: 12px; }
.legend i { display: inline-block; width: 14px; height: 10px; margin-right: 6px; border-radius: 2px; }
i.dialling { background: var(--dialling); } i.handshaking { background: var(--handshaking); } i.choked { background: var(--choked); }
i.unchoked { background: var(--unchoked); } i.lost { background: var(--lost); width: 3px; }
.area { fill: var(--accent); opacity: .18; } .rate { fill: none; stroke: var(--accent); stroke-width: 1.6; }
.done { fill: none; stroke: var(--choked); stroke-width: 1.6; stroke-dasharray: 5 4; }
.bar { display: grid; grid-template-columns: 110px 1fr 170px; gap: 12px; align-items: center; padding: 3px 0; }
.track { background: var(--rule); border-radius: 4px; height: 14px; } .fill { display: block; height: 100%; background: var(--accent); border-radius: 4px; min-width: 1px; }
.figure, td + td { font-variant-numeric: tabular-nums; } .what { color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-size: 13px; margin-top: 6px; }
th { text-align: left; color: var(--soft); font-weight: 500; } th, td { padding: 4px 14px 4px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
td:not(:last-child) { white-space: nowrap; }
tr.winner td { font-weight: 700; } tr.winner td:first-child::before { content: "\\2605  "; color: var(--accent); }
footer { color: var(--soft); margin-top: 20px; font-size: 12px; }
@media (max-width: 640px) { .bar { grid-template-columns: 84px 1fr 104px; } }
@media (max-width: 480px) { body { padding: 12px 10px 32px; } section { padding: 12px; overflow-x: auto; } svg { min-width: 620px; }
  table { display: block; overflow-x: auto; } .bar { grid-template-columns: 84px 1fr; gap: 4px 10px; } .bar .figure { grid-column: 2; } }
@media print { body { max-width: none; padding: 0; background: none; } section { break-inside: avoid; border-color: #ccc; } section:has(.timeline) { break-inside: auto; } }
`;
