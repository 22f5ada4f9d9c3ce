/**
 * Whether an address refuses connections. Believed as a proof of death only where the operator says
 * so (`trustRefused`): firewalls, services without endpoints and address translation refuse on behalf
 * of the living.
 */
export interface Refusals {
  /** @returns true only for a refusal; false for an answer, a silence or any other trouble. */
  isRefused(address: string): Promise<boolean>;
}
