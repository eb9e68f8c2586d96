import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { type Claim, SCOPE_END } from "./claim.ts";

/** Day keys kept: one for each access key, day, region and service in use. At about 400 bytes each, under half a megabyte. */
const MAX_CACHED_KEYS = 1024;

/**
 * A secret access key in the form that signing starts from, out of reach of logs and inspection.
 * @param secretAccessKey the secret as its owner types it
 */
export function signingSecret(secretAccessKey: string): KeyObject {
  return createSecretKey(Buffer.from(`AWS4${secretAccessKey}`));
}

/** Derives the keys that sign one day's requests, and remembers the latest that were derived. */
export class SigningKeys {
  readonly #keys = new Map<string, { readonly secret: KeyObject; readonly key: KeyObject }>();

  /** The key for a claim's scope. A cached one counts only for the same secret, so that a rotated secret takes effect at once. */
  keyFor(claim: Claim, secret: KeyObject): KeyObject {
    const name = `${claim.accessKeyId}/${claim.day}/${claim.region}/${claim.service}`;
    const cached = this.#keys.get(name);
    if (cached !== undefined && (cached.secret === secret || cached.secret.equals(secret))) return cached.key;
    const key = derive(secret, [claim.day, claim.region, claim.service, SCOPE_END]);
    this.#keys.delete(name);
    this.#keys.set(name, { secret, key });
    if (this.#keys.size > MAX_CACHED_KEYS) this.#keys.delete(this.#keys.keys().next().value!);
    return key;
  }
}

function derive(secret: KeyObject, scope: readonly string[]): KeyObject {
  return scope.reduce((key, part) => createSecretKey(createHmac("sha256", key).update(part).digest()), secret);
}
