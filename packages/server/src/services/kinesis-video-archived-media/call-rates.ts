import type { CallRate, CallRates } from "../call-rates.ts";

const SESSIONS: CallRate = { account: Number.POSITIVE_INFINITY, stream: 25 };

/**
 * The archive's rates at AWS (AWS docs, "Kinesis Video Streams service quotas"). Those of its other operations are counted in fragments,
 * not in calls.
 */
export const AWS_CALL_RATES: CallRates = {
  GetDASHStreamingSessionURL: SESSIONS,
  GetHLSStreamingSessionURL: SESSIONS,
};
