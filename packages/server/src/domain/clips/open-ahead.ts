import type { FragmentRow } from "../../storage/ports/fragment.ts";
import type { FragmentArchive, StoredFragment } from "../fragments/archive.ts";
import type { KeyOwner } from "../keys/data-keys.ts";

/** What is read from. */
export interface ReadPlaces {
  readonly archive: FragmentArchive;
  readonly owner: KeyOwner;
}

/**
 * Opens fragments one after the other, and up to `ahead` of those that follow while one is in use, so that the disk and whoever uses them work at
 * the same time. Throws what opening throws.
 */
export async function* openAhead(
  { archive, owner }: ReadPlaces,
  rows: readonly FragmentRow[],
  ahead: number,
): AsyncGenerator<StoredFragment, void> {
  const opening: Promise<StoredFragment>[] = [];
  let next = 0;
  const openMore = (): void => {
    while (opening.length < ahead && next < rows.length) {
      const fragment = archive.open(owner, rows[next++]!);
      // Where it fails, it does so for whoever comes to it.
      fragment.catch(() => undefined);
      opening.push(fragment);
    }
  };
  try {
    openMore();
    for (let first = opening.shift(); first !== undefined; first = opening.shift()) {
      const fragment = await first;
      openMore();
      yield fragment;
    }
  } finally {
    for (const fragment of opening) {
      fragment.then(
        (opened) => opened.close(),
        () => undefined,
      );
    }
  }
}
