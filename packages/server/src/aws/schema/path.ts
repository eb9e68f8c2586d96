/**
 * The path of a member as AWS's error messages write it: names with a lower-case first letter, joined by dots, for example
 * `edgeConfig.recorderConfig`.
 */
export function wirePath(parent: string | undefined, member: string): string {
  const name = member.charAt(0).toLowerCase() + member.slice(1);
  return parent === undefined ? name : `${parent}.${name}`;
}
