import type { SessionOutcome } from "../ingest/session-outcome.ts";

/** Who asked for something. Of a credential nobody is told more than its id. */
export interface Caller {
  /** `x-amzn-RequestId` of the answer. */
  readonly requestId: string;
  /** The access key that signed the request. */
  readonly accessKeyId: string;
  /** IP address that the connection came from: that of a proxy where there is one. Empty where it was gone already. */
  readonly remoteAddress: string;
}

/** What happens in the domain that an operator may ask about: by the words that the log has for it, with what it says of each. */
export interface DomainEvents {
  "stream created": { readonly stream: string; readonly retentionHours: number } & Partial<Caller>;
  "stream deleted": { readonly stream: string } & Partial<Caller>;
  "data retention changed": {
    readonly stream: string;
    readonly fromHours: number;
    readonly toHours: number;
  } & Partial<Caller>;
  /** A PutMedia has begun; `connections` are those on the stream, with this one. */
  "producer connected": { readonly stream: string; readonly connections: number } & Partial<Caller>;
  /** It is over, and what it brought is durable or refused. */
  "producer ended": { readonly stream: string } & SessionOutcome & Partial<Caller>;
  /** A declared track of pictures or sound had no frame in a whole fragment. Told once for a stream. */
  "a track is silent for a fragment": { readonly stream: string; readonly track: number };
  /** Readers had to pass over media `skips` times since the last time that it was told, at most a second ago. */
  "readers lost media": { readonly stream: string; readonly skips: number };
  /** Told once for each journal segment. */
  "a table of frames is damaged, its fragment is read instead; kvass fsck names all such": { readonly err: Error };
}

/** Tells whoever runs the server what happened. Must not throw, and is not called for every fragment. */
export type Tell = <Name extends keyof DomainEvents>(name: Name, fields: DomainEvents[Name]) => void;
