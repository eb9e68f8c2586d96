import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from "node:crypto";
import type { DiscontinuityMode, PlaybackMode, SessionParameters } from "./parameters.ts";

/**
 * What a session token grants: one stream's media, selected and shown in one way, until it expires. It holds all that a server which
 * knows nothing of the session needs to go on with it.
 */
export interface SessionGrant {
  readonly parameters: SessionParameters;
  readonly streamId: number;
  /** Creation of the stream, in milliseconds since the epoch. */
  readonly streamCreation: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Sequence of the fragment that the session begins with: segment 0. */
  readonly anchor: number;
  /** Milliseconds since the epoch on the producer's clock: the session's media begins here. */
  readonly base: number;
  /** When that fragment arrived, in milliseconds since the epoch. */
  readonly since: number;
  /** Seconds: the least EXT-X-TARGETDURATION, from what the stream had when the session began. */
  readonly targetSeconds: number;
  /** Bits a second of all tracks, at the peak and on average, from the same. */
  readonly peakBandwidth: number;
  readonly averageBandwidth: number;
  /** Whether fragments that no key frame begins are joined to the one before them. */
  readonly joins: boolean;
}

const CIPHER = "aes-256-gcm";
const TAG = { authTagLength: 16 } as const;
const NONCE_BYTES = 12;
/** The form of a grant below; sealed as additional data, so that a token of another form never opens as one of this. */
const FORM = Buffer.from("kvass playback session 1");
/** Times and ids as six bytes: milliseconds up to the year 10889. Sequences have eight. */
const TIME_BYTES = 6;
const TIMES_START = 24;
const MAX_UINT16 = 2 ** 16 - 1;
const MAX_UINT32 = 2 ** 32 - 1;
const GRANT_BYTES = TIMES_START + 7 * TIME_BYTES;
const SEALED_BYTES = NONCE_BYTES + GRANT_BYTES + TAG.authTagLength;
/** Ends a token, as those of Kinesis Video Streams do. */
const END = "~";
const TOKEN = new RegExp(`^[A-Za-z0-9_-]{${Math.ceil((SEALED_BYTES * 4) / 3)}}${END}$`);

const MODES: readonly PlaybackMode[] = ["live", "live-replay", "on-demand"];
const DISCONTINUITIES: readonly DiscontinuityMode[] = ["always", "never", "on-discontinuity"];

/** Milliseconds since the epoch at which a grant ends. */
export const expiryOf = ({ createdAt, parameters }: SessionGrant): number =>
  createdAt + parameters.expiresSeconds * 1000;

/**
 * Segments that a LIVE_REPLAY begins with: players start three target durations before the end of what they take for live, so that they
 * start with the first segment.
 */
export const REPLAY_LEAD = 3;

/**
 * The moment at which the presentation of a session without end begins, in milliseconds since the epoch: when its first fragment arrived,
 * or would have, had what a LIVE_REPLAY begins with arrived just before the session began.
 */
export function presentationStart({ createdAt, parameters, since, targetSeconds }: SessionGrant): number {
  return parameters.mode === "live" ? since : createdAt - REPLAY_LEAD * targetSeconds * 1000;
}

/**
 * Seals grants into tokens that nobody can read, alter or make: AES-256-GCM, base64url, and a tilde. Under one key some 2^32 tokens can
 * be made before random nonces may meet (NIST SP 800-38D, section 8.3).
 */
export class SessionTokens {
  readonly #key: KeyObject;

  /** @param key 32 secret bytes, the same after a restart */
  constructor(key: KeyObject) {
    this.#key = key;
  }

  seal(grant: SessionGrant): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce, TAG).setAAD(FORM);
    const sealed = Buffer.concat([nonce, cipher.update(encode(grant)), cipher.final(), cipher.getAuthTag()]);
    return sealed.toString("base64url") + END;
  }

  /** What a token grants, expired or not; undefined where the text is no token that was sealed with this key. */
  open(token: string): SessionGrant | undefined {
    if (!TOKEN.test(token)) return undefined;
    const sealed = Buffer.from(token.slice(0, -END.length), "base64url");
    // The last character has bits to spare: of all ways to write them one is the token.
    if (sealed.toString("base64url") !== token.slice(0, -END.length)) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#key, sealed.subarray(0, NONCE_BYTES), TAG);
    decipher.setAAD(FORM).setAuthTag(sealed.subarray(SEALED_BYTES - TAG.authTagLength));
    try {
      const plain = decipher.update(sealed.subarray(NONCE_BYTES, SEALED_BYTES - TAG.authTagLength));
      decipher.final();
      return decode(plain);
    } catch {
      return undefined;
    }
  }
}

function encode({ parameters, ...grant }: SessionGrant): Buffer {
  const bytes = Buffer.alloc(GRANT_BYTES);
  const choices =
    (parameters.protocol === "dash" ? 1 : 0) |
    (MODES.indexOf(parameters.mode) << 1) |
    (parameters.container === "ts" ? 8 : 0) |
    (parameters.clock === "producerTimestamp" ? 16 : 0) |
    (DISCONTINUITIES.indexOf(parameters.discontinuities) << 5) |
    (grant.joins ? 128 : 0);
  const options =
    (parameters.showTimestamps ? 1 : 0) |
    (parameters.showNumbers ? 2 : 0) |
    (parameters.from === undefined ? 0 : 4) |
    (parameters.to === undefined ? 0 : 8) |
    (parameters.maxSegments === undefined ? 0 : 16);
  bytes.writeUInt8(choices, 0);
  bytes.writeUInt8(options, 1);
  bytes.writeUInt16BE(parameters.expiresSeconds, 2);
  bytes.writeUInt16BE(parameters.maxSegments ?? 0, 4);
  bytes.writeUInt16BE(Math.min(grant.targetSeconds, MAX_UINT16), 6);
  bytes.writeDoubleBE(grant.anchor, 8);
  bytes.writeUInt32BE(Math.min(grant.peakBandwidth, MAX_UINT32), 16);
  bytes.writeUInt32BE(Math.min(grant.averageBandwidth, MAX_UINT32), 20);
  const times = [
    grant.streamId,
    grant.streamCreation,
    grant.createdAt,
    grant.base,
    parameters.from ?? 0,
    parameters.to ?? 0,
    grant.since,
  ];
  for (const [index, time] of times.entries()) bytes.writeUIntBE(time, TIMES_START + index * TIME_BYTES, TIME_BYTES);
  return bytes;
}

function decode(bytes: Buffer): SessionGrant {
  const choices = bytes.readUInt8(0);
  const options = bytes.readUInt8(1);
  const time = (index: number): number => bytes.readUIntBE(TIMES_START + index * TIME_BYTES, TIME_BYTES);
  return {
    parameters: {
      protocol: choices & 1 ? "dash" : "hls",
      mode: MODES[(choices >> 1) & 3]!,
      container: choices & 8 ? "ts" : "fmp4",
      clock: choices & 16 ? "producerTimestamp" : "serverTimestamp",
      from: options & 4 ? time(4) : undefined,
      to: options & 8 ? time(5) : undefined,
      discontinuities: DISCONTINUITIES[(choices >> 5) & 3]!,
      showTimestamps: (options & 1) !== 0,
      showNumbers: (options & 2) !== 0,
      maxSegments: options & 16 ? bytes.readUInt16BE(4) : undefined,
      expiresSeconds: bytes.readUInt16BE(2),
    },
    streamId: time(0),
    streamCreation: time(1),
    createdAt: time(2),
    base: time(3),
    since: time(6),
    anchor: bytes.readDoubleBE(8),
    targetSeconds: bytes.readUInt16BE(6),
    peakBandwidth: bytes.readUInt32BE(16),
    averageBandwidth: bytes.readUInt32BE(20),
    joins: (choices & 128) !== 0,
  };
}
