/** What happens in the domain that an operator may ask about: by the words that the log has for it, with what it says of each. */
export interface DomainEvents {
  /** A declared track of pictures or sound had no frame in a whole fragment. Told once for a stream. */
  "a track is silent for a fragment": { readonly stream: string; readonly track: number };
  /** Readers had to pass over media `skips` times since the last time that it was told, at most a second ago. */
  "readers lost media": { readonly stream: string; readonly skips: number };
  /** Told once for each journal segment. */
  "a table of frames is damaged, its fragment is read instead; kvass fsck names all such": { readonly err: Error };
}

/** Tells whoever runs the server what happened. Must not throw, and is not called for every fragment. */
export type Tell = <Name extends keyof DomainEvents>(name: Name, fields: DomainEvents[Name]) => void;
