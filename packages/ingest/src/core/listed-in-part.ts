/**
 * Everything of a source was listed that could be, and something could not. The message is a sentence for the operator.
 */
export class ListedInPart extends Error {
  override readonly name = "ListedInPart";
}
