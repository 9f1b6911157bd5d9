/* What the drawings of measurements have in common: SVG in the colours of the page around it. */

export const WIDTH = 860;
export const LEFT = 76;
export const RIGHT = 24;

const styles = `
svg{--ink:#1c2430;--quiet:#5b6673;--grid:#dfe4ea;--paper:#ffffff;--line:#1261c4;--alarm:#c01c28;--start:#0b7a4b}
@media (prefers-color-scheme:dark){
svg{--ink:#e8edf4;--quiet:#93a1b2;--grid:#2a333f;--paper:#12171e;--line:#6cb2ff;--alarm:#ff6b74;--start:#4fd39a}}
text{font:12px system-ui,sans-serif;fill:var(--quiet)}
.paper{fill:var(--paper)}
.title{font-size:15px;font-weight:700;fill:var(--ink)}
.grid{stroke:var(--grid)}
.axis{stroke:var(--quiet)}
.middle{text-anchor:middle}
.end{text-anchor:end}`;

/** @param own styles beside those that all have */
export function drawing(
  title: string,
  height: number,
  own: string,
  parts: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
      `width="${WIDTH}" height="${height}" role="img" aria-label="${title}">`,
    `<style>${styles}${own}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${height}"/>`,
    `<text class="title" x="${LEFT}" y="24">${title}</text>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/** A value of the vertical axis: a line across, and its name beside it. */
export function valueLine(value: number, y: number): string {
  const kind = value === 0 ? 'axis' : 'grid';
  return (
    `<line class="${kind}" x1="${LEFT}" y1="${y}" x2="${WIDTH - RIGHT}" y2="${y}"/>` +
    `<text class="end" x="${LEFT - 8}" y="${y + 4}">${value.toLocaleString('en')}</text>`
  );
}

/** A value of the horizontal axis. */
export function valueMark(value: number, x: number, y: number): string {
  return (
    `<line class="axis" x1="${x}" y1="${y}" x2="${x}" y2="${y + 5}"/>` +
    `<text class="middle" x="${x}" y="${y + 19}">${value.toLocaleString('en')}</text>`
  );
}

export function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
