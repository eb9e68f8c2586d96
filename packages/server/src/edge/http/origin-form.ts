const ABSOLUTE = /^https?:\/\/[^/?]*/i;

/**
 * The request target in origin form. Clients may send the absolute form to a server too (RFC 9112, section 3.2.2), and the AWS SDK for
 * Java v1 does so for PutMedia; what is signed is the path and query alone.
 */
export function originForm(target: string): string {
  if (target.startsWith("/")) return target;
  const authority = ABSOLUTE.exec(target)?.[0];
  if (authority === undefined) return target;
  const rest = target.slice(authority.length);
  return rest.startsWith("/") ? rest : `/${rest}`;
}
