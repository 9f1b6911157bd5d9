const units: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** The bytes of a size. What is written otherwise than specs are is larger than any of them. */
export function bytesOf(quantity: string | undefined): number {
  const [, digits, unit] = /^([0-9]+)(Ki|Mi|Gi|Ti)?$/.exec(quantity ?? '') ?? [];
  return digits === undefined ? Infinity : Number(digits) * (units[unit ?? ''] ?? 1);
}
