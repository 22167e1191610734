const unitBytes: Readonly<Record<string, number>> = { B: 1, KB: 1_000, MB: 1_000_000, GB: 1_000_000_000 };

/** "256MB" -> 256000000. Units B, KB, MB, GB (powers of 1000). Undefined when it is no size. */
export const parseSizeBytes = (text: string): number | undefined => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*(B|KB|MB|GB)$/i.exec(text.trim()) ?? [];
  const factor = unit === undefined ? undefined : unitBytes[unit.toUpperCase()];
  return amount === undefined || factor === undefined ? undefined : Math.round(Number(amount) * factor);
};
