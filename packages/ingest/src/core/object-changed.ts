/** The object is not the version that was listed any more: a later listing finds the new one. */
export class ObjectChanged extends Error {
  override readonly name = "ObjectChanged";
}
