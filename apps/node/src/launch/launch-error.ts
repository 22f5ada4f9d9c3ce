/** The start cannot go on, for a reason that the message explains. No stack trace helps. */
export class LaunchError extends Error {
  override readonly name = "LaunchError";
}
