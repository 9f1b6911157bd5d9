/** So many ballots can be told apart by colour. */
export const BALLOT_COLOURS = 6;

const light = ['#1261c4', '#b3400a', '#0b7a4b', '#8a2fb0', '#a3164d', '#5f6b00'];
const dark = ['#6cb2ff', '#ff9b61', '#4fd39a', '#d69bff', '#ff86b1', '#d0d860'];

function colours(names: readonly string[], ink: string, quiet: string, paper: string): string {
  const ballots = names.map((colour, i) => `--b${i}:${colour};`).join('');
  return `${ballots}--ink:${ink};--quiet:${quiet};--paper:${paper};`;
}

/** Of the drawing, in light and in dark. */
export const styles = `
svg{${colours(light, '#1c2430', '#6b7684', '#ffffff')}--alarm:#c01c28;--gold:#b07800}
@media (prefers-color-scheme:dark){
svg{${colours(dark, '#e8edf4', '#93a1b2', '#12171e')}--alarm:#ff6b74;--gold:#f2c14b}}
text{font:11px system-ui,sans-serif;fill:var(--ink)}
.paper{fill:var(--paper)}
.name{font-weight:700;font-size:15px;text-anchor:middle}
.label{paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}
.quiet{fill:var(--quiet);font-size:10px}
.strong{font-weight:700}
line{stroke-width:1.4;stroke:var(--quiet)}
line.alive{stroke:var(--quiet);stroke-width:2}
line.leads{stroke-width:7;stroke-linecap:round}
line.call{stroke:var(--ink);stroke-dasharray:5 3}
line.no-ballot{stroke-dasharray:2 3}
line.fault{stroke:var(--alarm);stroke-dasharray:1 5}
text.fault,text.failure{fill:var(--alarm);font-weight:700}
.cross{stroke:var(--alarm);stroke-width:2;fill:none}
.decide{fill:var(--gold)}
.apply{fill:var(--ink)}
.write{stroke:var(--paper)}
rect.no-ballot{fill:var(--quiet)}
${light.map((_, i) => `line.b${i}{stroke:var(--b${i})}text.b${i},rect.b${i}{fill:var(--b${i})}`).join('\n')}
`;
