/** How something is opened, and let go of where nobody comes to it. */
export interface Openable<Place, Opened> {
  readonly open: (place: Place) => Promise<Opened>;
  readonly close: (opened: Opened) => unknown;
}

/**
 * Opens one thing after the other, and up to `ahead` of those that follow while one is in use, so that the disk and whoever uses them work at
 * the same time. Throws what opening throws.
 */
export async function* openAhead<Place, Opened>(
  { open, close }: Openable<Place, Opened>,
  places: readonly Place[],
  ahead: number,
): AsyncGenerator<Opened, void> {
  const opening: Promise<Opened>[] = [];
  let next = 0;
  const openMore = (): void => {
    while (opening.length < ahead && next < places.length) {
      const opened = open(places[next++]!);
      // Where it fails, it does so for whoever comes to it.
      opened.catch(() => undefined);
      opening.push(opened);
    }
  };
  try {
    openMore();
    for (let first = opening.shift(); first !== undefined; first = opening.shift()) {
      const opened = await first;
      openMore();
      yield opened;
    }
  } finally {
    for (const opened of opening) opened.then(close, () => undefined);
  }
}
