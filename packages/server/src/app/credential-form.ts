import { isIP } from "node:net";
import { parseAddress } from "./address.ts";
import type { Settings } from "./config/options.ts";
import { ConfigError } from "./config/settings.ts";
import type { RootCredential } from "./root-credential.ts";

/**
 * What stands in a credential scope without being taken for a part of it. IAM's own ids are 16 to 128 letters, digits and underscores (AWS docs,
 * "AccessKey"); no SDK counts them, test suites often take shorter ones, and other servers of such keys let people sign in by their e-mail addresses.
 */
const ACCESS_KEY_ID = /^[\w.@+=:-]{1,128}$/;
/** Longer ones do not fit into the producer SDK for C (MAX_SECRET_KEY_LEN); what is not ASCII would be signed in the bytes of some encoding. */
const SECRET = /^[!-~]{1,128}$/;
/**
 * One signed request is enough to try secrets against it, without asking the server: eight random letters and digits are 48 bits, which is too few
 * for that, sixteen are 95. AWS's secrets have 40 characters.
 */
const SHORT_SECRET = 16;

/**
 * Refuses a credential that clients could not sign with. Texts are named, and never quoted.
 * @param names what the id and the secret are called in messages
 * @throws ConfigError
 */
export function checkCredential(
  { accessKeyId, secretAccessKey }: RootCredential,
  names: { readonly id: string; readonly secret: string },
): void {
  if (!ACCESS_KEY_ID.test(accessKeyId)) {
    throw new ConfigError(`${names.id}: expected 1 to 128 letters, digits and "_.-@+=:"`);
  }
  if (!SECRET.test(secretAccessKey)) {
    throw new ConfigError(`${names.secret}: expected 1 to 128 ASCII characters without blanks`);
  }
}

/** Why a credential is too weak for where the server can be reached from; undefined where it is not. */
export function weaknessOf(
  { secretAccessKey }: RootCredential,
  settings: Pick<Settings, "listen" | "publicUrl">,
): string | undefined {
  if (secretAccessKey.length >= SHORT_SECRET || !isReachable(settings)) return undefined;
  const length = `${secretAccessKey.length} character${secretAccessKey.length === 1 ? "" : "s"}`;
  return (
    `the secret of the root credential has ${length}: where other machines reach the server, whoever sees one signed request can guess it; ` +
    `take ${SHORT_SECRET} or more, as openssl rand -base64 30 makes them`
  );
}

/** Whether other machines can reach the server, by itself or through a proxy. */
function isReachable({ listen, publicUrl }: Pick<Settings, "listen" | "publicUrl">): boolean {
  const isPublic = publicUrl !== "" && !isLoopback(new URL(publicUrl).hostname.replace(/^\[|\]$/g, ""));
  return isPublic || !isLoopback(parseAddress(listen).host);
}

/** Of names `localhost` alone (RFC 6761, section 6.3); others are not looked up. */
function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith("127.");
  return host === "::1" || host.toLowerCase() === "localhost";
}
