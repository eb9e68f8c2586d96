import { OPTIONS, type OptionKey, variableOf } from "./options.ts";

/** Variables that are read beside those of the options. */
const OTHERS = ["KVASS_CONFIG", "KVASS_ROOT_ACCESS_KEY_ID", "KVASS_ROOT_SECRET_ACCESS_KEY"];
const KNOWN = [...(Object.keys(OPTIONS) as OptionKey[]).map(variableOf), ...OTHERS];
/** What Kubernetes sets in every container beside a Service that is called kvass (Kubernetes docs, "Service", environment variables). */
const FROM_KUBERNETES = /^KVASS_(SERVICE_HOST|SERVICE_PORT|PORT)(_|$)/;
/** Slips of the hand; what differs in more letters was meant to be something else. */
const MAX_DISTANCE = 3;
/** Longer than any name that is known: the rest cannot make it more alike. */
const MAX_COMPARED = 64;

/** A variable that looks like a setting and is none. */
export interface UnknownVariable {
  readonly name: string;
  /** The known variable that was probably meant. */
  readonly meant: string | undefined;
}

/** The variables of the environment that begin as settings do and that nothing reads, in order of their names. */
export function unknownVariables(environment: Readonly<Record<string, string | undefined>>): UnknownVariable[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith("KVASS_") && !KNOWN.includes(name) && !FROM_KUBERNETES.test(name))
    .sort()
    .map((name) => ({ name, meant: closest(name, KNOWN) }));
}

/** `KVASS_LISTN is no setting of Kvass; did you mean KVASS_LISTEN?` */
export const describeUnknown = ({ name, meant }: UnknownVariable): string =>
  `${name} is no setting of Kvass${meant === undefined ? "" : `; did you mean ${meant}?`}`;

/** The one of the names that differs from `name` in the fewest letters; undefined where that is no slip of the hand. */
export function closest(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = MAX_DISTANCE + 1;
  for (const candidate of names) {
    const distance = editDistance(name.slice(0, MAX_COMPARED), candidate);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

/** Letters to put in, take out or change to make one text of the other (V. Levenshtein, 1965). */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const changed = above[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(changed, above[column]! + 1, current[column - 1]! + 1));
    }
    above = current;
  }
  return above[b.length]!;
}
