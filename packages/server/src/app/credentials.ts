import type { Principal } from "../aws/handler.ts";
import { signingSecret } from "../aws/sigv4/signing-keys.ts";
import type { Credential, CredentialLookup } from "../aws/sigv4/verify.ts";
import type { RootCredential } from "./root-credential.ts";

/** The only credential there is: the root principal of the account. */
export function rootLookup({ accessKeyId, secretAccessKey }: RootCredential, accountId: string): CredentialLookup {
  const principal: Principal = { accountId, arn: `arn:aws:iam::${accountId}:root`, accessKeyId, root: true };
  const credential: Credential = { secret: signingSecret(secretAccessKey), principal };
  return async (id) => (id === accessKeyId ? credential : undefined);
}

/** The root principal may do everything; whoever else there is, nothing. */
export const authorizeRoot = (principal: Principal): boolean => principal.root;
