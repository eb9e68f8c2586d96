import type { Fragment, ListFragmentsInput } from "@aws-sdk/client-kinesis-video-archived-media";
import type { Checked } from "../../../aws/handler.ts";
import { DomainError } from "../../../domain/errors.ts";
import type { FragmentListing, FragmentPage, FragmentSelection } from "../../../domain/fragments/fragment-listing.ts";
import { formatFragmentNumber } from "../../../domain/fragments/fragment-number.ts";
import type { StreamRegistry } from "../../../domain/streams/registry.ts";
import { referenceIn } from "../../stream-reference.ts";
import type { KinesisVideoArchivedMediaHandlers } from "../service.ts";

/** The API reference names a maximum (1,000) and no default. */
const DEFAULT_MAX_RESULTS = 100;

/** ListFragments. A NextToken carries the selector of the first page, so a selector beside it is not looked at. */
export function listFragments(
  streams: StreamRegistry,
  listing: FragmentListing,
): KinesisVideoArchivedMediaHandlers["ListFragments"] {
  return async (input) => {
    const start = input.NextToken ?? selectionIn(input);
    const stream = await streams.find(referenceIn(input));
    const { fragments, token } = await listing.list(stream, start, input.MaxResults ?? DEFAULT_MAX_RESULTS);
    return { Fragments: fragments.map(toFragment), NextToken: token };
  };
}

function selectionIn({ FragmentSelector }: Checked<ListFragmentsInput>): FragmentSelection {
  if (FragmentSelector === undefined) {
    throw new DomainError("invalid-argument", "Either FragmentSelector or NextToken must be specified.");
  }
  const { FragmentSelectorType, TimestampRange } = FragmentSelector;
  return {
    clock: FragmentSelectorType === "SERVER_TIMESTAMP" ? "serverTimestamp" : "producerTimestamp",
    from: TimestampRange.StartTimestamp.getTime(),
    to: TimestampRange.EndTimestamp.getTime(),
  };
}

function toFragment(row: FragmentPage["fragments"][number]): Fragment {
  return {
    FragmentNumber: formatFragmentNumber(row),
    FragmentSizeInBytes: row.size,
    ProducerTimestamp: new Date(row.producerTimestamp),
    ServerTimestamp: new Date(row.serverTimestamp),
    FragmentLengthInMilliseconds: row.duration,
  };
}
