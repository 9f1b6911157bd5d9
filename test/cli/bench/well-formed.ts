/** Every tag of a drawing is closed, in the right order, and every number in it is one. */
export function expectWellFormed(svg: string): void {
  const tags = [...svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)];
  const open: string[] = [];
  for (const [, closes, name = '', empty] of tags) {
    if (closes === '/') expect(open.pop()).toBe(name);
    else if (empty !== '/') open.push(name);
  }
  expect(tags.length).toBeGreaterThan(0);
  expect(open).toEqual([]);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
}
