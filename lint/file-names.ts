/** Names that say nothing of what lives inside: alone, or as the last word (`redis-manager`). */
const saysNothing = /(?:^|-)(?:utils?|helpers?|common|managers?|misc)$/;

/** What is wrong with the name of a file or of a folder on its way (from the repository's root), or undefined. */
export const fileNameFault = (path: string): string | undefined => {
  const bad = path.split("/").find((part) => saysNothing.test(part.replace(/\..*$/, "").toLowerCase()));
  return bad && `"${bad}" could hold anything; call it after the one thing inside`;
};
