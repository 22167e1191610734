const units = [
  { name: "d", seconds: 86_400 },
  { name: "h", seconds: 3_600 },
  { name: "min", seconds: 60 },
  { name: "s", seconds: 1 },
];

/** 8_050 -> "2 h 14 min": two units at most, rounded down; Infinity -> "never"; below a second "0 s". */
export const durationText = (seconds: number): string => {
  if (seconds === Infinity) return "never";
  if (seconds < 0) return `-${durationText(-seconds)}`;
  const first = units.findIndex((unit) => seconds >= unit.seconds);
  if (first === -1) return "0 s";
  let rest = Math.floor(seconds);
  const parts: string[] = [];
  for (const unit of units.slice(first, first + 2)) {
    const amount = Math.floor(rest / unit.seconds);
    if (amount > 0) parts.push(`${amount} ${unit.name}`);
    rest -= amount * unit.seconds;
  }
  return parts.join(" ");
};
