/** Something that must never happen, seen from outside. No wait takes it for "not yet". */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
}
