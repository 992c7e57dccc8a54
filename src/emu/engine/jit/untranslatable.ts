/** Thrown while an instruction is read that the translator has no words for. */
export class Untranslatable {}
