/** How many letters must be added, removed, changed, or swapped with their neighbour, to make one word the other. */
const editDistance = (a: string, b: string): number => {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity;
  for (let row = 1; row <= a.length; row++) {
    rows[row] = [row];
    for (let column = 1; column <= b.length; column++) {
      const change = a[row - 1] === b[column - 1] ? 0 : 1;
      const swap =
        a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1] ? at(row - 2, column - 2) + 1 : Infinity;
      const cheapest = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + change,
        swap,
      );
      rows[row]?.push(cheapest);
    }
  }
  return at(a.length, b.length);
};

const plain = (word: string): string => word.toLowerCase().replaceAll(/[-_.]/g, "");

/** The one of `known` that somebody who wrote `word` most likely meant; undefined when none is near. */
export const didYouMean = (word: string, known: readonly string[]): string | undefined => {
  const written = plain(word).slice(0, 100);
  const [nearest] = known
    .map((name) => ({ name, distance: editDistance(written, plain(name)) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(name.length / 4)))
    .toSorted((a, b) => a.distance - b.distance);
  return nearest?.name;
};
