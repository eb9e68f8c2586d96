/** What an option's text must be, and what it becomes. */
export interface OptionKind<T> {
  /** Shown after the flag in `--help`. */
  readonly placeholder: string;
  /** Throws an Error whose message says what was expected. */
  parse(text: string): T;
}

/** One setting: a flag of `kvass serve`, an environment variable and a key of the config file at once. */
export interface Option<T> {
  readonly kind: OptionKind<T>;
  readonly default: T;
  /** One line for `--help` and the reference page. */
  readonly help: string;
}

const text = (placeholder: string): OptionKind<string> => ({ placeholder, parse: (value) => value });

function pattern(placeholder: string, form: RegExp, expected: string): OptionKind<string> {
  return {
    placeholder,
    parse: (value) => {
      if (!form.test(value)) throw new Error(`expected ${expected}`);
      return value;
    },
  };
}

function oneOf<const T extends string>(...values: readonly T[]): OptionKind<T> {
  return {
    placeholder: values.join("|"),
    parse: (value) => {
      const match = values.find((candidate) => candidate === value);
      if (match === undefined) throw new Error(`expected one of ${values.join(", ")}`);
      return match;
    },
  };
}

function number(placeholder: string, least: number, most = Number.MAX_SAFE_INTEGER): OptionKind<number> {
  return {
    placeholder,
    parse: (value) => {
      const parsed = value.trim() === "" ? Number.NaN : Number(value);
      if (!(parsed >= least && parsed <= most)) throw new Error(`expected a number from ${least} to ${most}`);
      return parsed;
    },
  };
}

const UNITS: Record<string, number> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Bytes, with an optional binary unit: `512m`, `20GiB`, `1048576`. */
const bytes: OptionKind<number> = {
  placeholder: "BYTES",
  parse: (value) => {
    const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(value.trim());
    if (match === null) throw new Error("expected bytes, as in 1048576, 512MiB or 20g");
    return Math.floor(Number(match[1]) * UNITS[match[2]!.toLowerCase()]!);
  },
};

/** Bytes a second. At less than 1 KiB not even acknowledgements would get through. */
const byteRate: OptionKind<number> = {
  placeholder: "BYTES",
  parse: (value) => {
    const parsed = bytes.parse(value);
    if (parsed < 1024) throw new Error("expected at least 1024 bytes a second");
    return parsed;
  },
};

const seconds = (least = 0, most = 10 * 365 * 86_400): OptionKind<number> => number("SECONDS", least, most);
const count = (least = 0): OptionKind<number> => number("N", least);
const listen = pattern(
  "HOST:PORT",
  /^(\[[0-9a-f:.]+\]|[^\s:[\]]+):([0-5]?\d{1,4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/i,
  "HOST:PORT, as in 127.0.0.1:8443 or [::1]:0",
);

/** `limits` chooses a preset for what producers and readers may do; the options named here change one limit of it. */
const preset = <T>(kind: OptionKind<T>, help: string): Option<T | undefined> => ({ kind, default: undefined, help });

/**
 * Every option of the server. The flag is the key in kebab-case, the environment variable is `KVASS_` and the key in upper snake
 * case, the config-file key is the key itself.
 */
export const OPTIONS = {
  data: {
    kind: pattern("DIR", /./, "a folder"),
    default: "",
    help: "data folder: journal, catalog, keys (default: ~/.kvass)",
  },
  listen: { kind: listen, default: "127.0.0.1:8400", help: "address to listen on; port 0 picks a free one" },
  publicUrl: {
    kind: pattern("URL", /^https?:\/\/[^/\s]+\/?$/i, "http(s)://host[:port] without a path"),
    default: "",
    help: "URL under which clients reach this server; GetDataEndpoint answers with it (default: the request's own host)",
  },
  region: {
    kind: pattern("REGION", /^[a-z0-9-]{1,32}$/, "a region name"),
    default: "us-east-1",
    help: "AWS region that signatures and ARNs name",
  },
  accountId: {
    kind: pattern("ID", /^\d{12}$/, "twelve digits"),
    default: "000000000000",
    help: "AWS account that ARNs name",
  },
  tlsCert: { kind: text("FILE"), default: "", help: "PEM certificate chain; with --tls-key, serves https" },
  tlsKey: { kind: text("FILE"), default: "", help: "PEM private key of the certificate" },
  logLevel: {
    kind: oneOf("error", "warn", "info", "debug", "silent"),
    default: "info",
    help: "least severe log line to write (on a terminal: warn)",
  },
  limits: {
    kind: oneOf("generous", "aws"),
    default: "generous",
    help: "quotas for producers and readers: Kvass's own, or those of AWS",
  },
  maxFragmentSeconds: preset(seconds(1), "longest fragment; longer ones get ERROR ack 4002"),
  maxFragmentBytes: preset(bytes, "largest fragment; larger ones get ERROR ack 4001"),
  maxTracks: preset(count(1), "tracks of one stream; more get ERROR ack 4012"),
  maxFragmentTags: preset(count(), "metadata tags of one fragment; more get ERROR ack 4009"),
  requireTracks: preset(
    oneOf("all", "audiovisual", "any", "none"),
    "declared tracks that need a frame in every fragment, or get ERROR ack 4011; any: one of video or audio",
  ),
  frameOrder: preset(
    oneOf("stream", "track"),
    "where frames must be later than those of the fragment before, or get ERROR ack 4004: on all tracks together, or on each by itself",
  ),
  maxProducersPerStream: preset(count(1), "PutMedia connections of one stream at a time"),
  maxReadersPerStream: preset(count(1), "GetMedia connections of one stream at a time"),
  maxClipBytes: preset(bytes, "media of one clip; longer ranges are refused (--limits aws: cut)"),
  maxCallsPerSecond: preset(count(1), "calls of one control-plane or archive operation a second; more are refused"),
  maxCallsPerSecondPerStream: preset(
    count(1),
    "the same on one stream, PutMedia and GetMedia included; more are refused",
  ),
  maxProducerBytesPerSecond: preset(byteRate, "rate of one PutMedia connection; a faster producer is slowed down"),
  maxReaderBytesPerSecond: preset(byteRate, "rate at which one GetMedia or GetMediaForFragmentList answer is sent"),
  maxProducerSeconds: preset(seconds(), "longest PutMedia connection, ended by ERROR ack 4003; 0 means no end"),
  producerIdleSeconds: {
    kind: seconds(1),
    default: 30,
    help: "a PutMedia connection that sends nothing for so long is closed",
  },
  readerIdleSeconds: {
    kind: seconds(0.1),
    default: 3,
    help: "GetMedia that has sent something ends when nothing has come for so long (30 s where it has sent nothing yet)",
  },
  liveBufferSeconds: {
    kind: seconds(1, 3600),
    default: 300,
    help: "media kept in memory for a stream without retention",
  },
  liveBufferBytes: { kind: bytes, default: 200_000_000, help: "memory for the media of a stream without retention" },
  playbackCacheBytes: {
    kind: bytes,
    default: 128 * 2 ** 20,
    help: "memory for built media segments, which all viewers of a stream share; as much again where MPEG-TS is watched too",
  },
  maxConnections: { kind: count(1), default: 20_000, help: "open connections; more are refused" },
  drainSeconds: { kind: seconds(), default: 10, help: "SIGTERM waits so long for fragments in flight" },
  segmentBytes: {
    kind: bytes,
    default: 256 * 2 ** 20,
    help: "a journal segment takes no new fragment beyond this size",
  },
  segmentSeconds: { kind: seconds(1), default: 3600, help: "a journal segment takes no new fragment beyond this age" },
  syncsPerSecond: {
    kind: number("N", 1, 10_000),
    default: 84,
    help: "most journal syncs a second; fragments that end together share one",
  },
  maxBytes: { kind: bytes, default: 0, help: "size at which the archive counts as full; 0 means the disk's" },
  minFreeBytes: {
    kind: bytes,
    default: undefined as number | undefined,
    help: "free disk space below which nothing is archived (default: 256 MiB, or a twentieth of a smaller volume)",
  },
  ffmpeg: { kind: text("PATH"), default: "ffmpeg", help: "program that decodes pictures for GetImages" },
  imageDecoders: {
    kind: number("N", 1, 64),
    default: 2,
    help: "decoders for GetImages at a time; each uses one core while it works",
  },
  sweepSeconds: { kind: seconds(0.1), default: 30, help: "interval of the retention sweep" },
} as const satisfies Record<string, Option<unknown>>;

export type OptionKey = keyof typeof OPTIONS;

/** The settings of one server, each parsed and with its default applied. */
export type Settings = { readonly [K in OptionKey]: (typeof OPTIONS)[K] extends Option<infer T> ? T : never };

/** `maxBytes` -> `--max-bytes`. */
export const flagOf = (key: OptionKey): string => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** `maxBytes` -> `KVASS_MAX_BYTES`. */
export const variableOf = (key: OptionKey): string =>
  `KVASS_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
