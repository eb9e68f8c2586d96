import type { FragmentRow } from "../../storage/ports/fragment.ts";

/** A row for tests: two seconds, clean, one after the other on both clocks unless told otherwise. */
export function rowAt(sequence: number, more: Partial<FragmentRow> = {}): FragmentRow {
  const time = 1_000_000 + sequence * 2000;
  return {
    streamId: 1,
    sequence,
    serverTimestamp: time,
    producerTimestamp: time,
    random: sequence,
    duration: 2000,
    size: 1000,
    startsClean: true,
    lacksPictures: false,
    configuration: 1,
    segment: 1,
    extents: [0, 1],
    ...more,
  };
}
