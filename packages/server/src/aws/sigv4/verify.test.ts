import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceError } from "../errors.ts";
import { canonicalHead, canonicalQueries } from "./canonical.ts";
import { readClaim } from "./claim.ts";
import { unrecognizedClient } from "./failures.ts";
import { wholeBodyHashes } from "./payload.ts";
import { SigningKeys, signingSecret } from "./signing-keys.ts";
import { ACCESS_KEY_ID, EXPIRES, SCOPE, SIGNED_AT, type SignedCase, signedCases } from "./vectors/cases.ts";
import { checkScope, checkSignature, checkTime, checkToken, MAX_SKEW_MS } from "./verify.ts";

const CASES = signedCases();
const MINUTE = 60_000;

/** Every check that a request passes, in the gate's order. */
function verify(signed: SignedCase, now = SIGNED_AT): void {
  const claim = readClaim(signed.request);
  assert.ok(claim !== undefined, "the request carries no signature");
  checkScope(claim, SCOPE);
  checkTime(claim, now);
  if (claim.accessKeyId !== ACCESS_KEY_ID) throw unrecognizedClient("unknown access key");
  checkToken(claim, signed.credential);
  const hashes = wholeBodyHashes(signed.body, claim.contentHash);
  const options = { keys: new SigningKeys(), normalizePath: signed.normalizePath };
  checkSignature(signed.request, claim, signed.credential, hashes, options);
}

test("the suite has its 38 cases in both forms", () => {
  assert.equal(CASES.length, 76);
});

for (const signed of CASES) {
  test(`${signed.name}, ${signed.form} form: canonical as published, and accepted`, () => {
    const claim = readClaim(signed.request)!;
    const payloadHash = signed.canonicalRequest.slice(-64);
    const canonical = canonicalQueries(signed.request, claim).map(
      (query) => canonicalHead(signed.request, claim, query, signed.normalizePath) + payloadHash,
    );
    const published = Buffer.from(signed.canonicalRequest).toString("latin1");
    assert.ok(canonical.includes(published), `${canonical.join("\n\n")}\n\nis not\n\n${published}`);
    verify(signed);
  });
}

/** A change after signing; undefined where it does not apply to a case. */
type Mutation = (signed: SignedCase) => SignedCase | undefined;

const withRequest = (signed: SignedCase, change: Partial<SignedCase["request"]>): SignedCase => ({
  ...signed,
  request: { ...signed.request, ...change },
});

/** Changes the value of a header; undefined where it is absent. */
const mapHeader = (signed: SignedCase, name: string, change: (value: string) => string): SignedCase | undefined => {
  const index = signed.request.rawHeaders.findIndex((each, i) => i % 2 === 0 && each.toLowerCase() === name);
  if (index < 0) return undefined;
  const rawHeaders = [...signed.request.rawHeaders];
  rawHeaders[index + 1] = change(rawHeaders[index + 1]!);
  return withRequest(signed, { rawHeaders });
};

const dropHeader = (signed: SignedCase, name: string): SignedCase | undefined => {
  const index = signed.request.rawHeaders.findIndex((each, i) => i % 2 === 0 && each.toLowerCase() === name);
  return index < 0 ? undefined : withRequest(signed, { rawHeaders: signed.request.rawHeaders.toSpliced(index, 2) });
};

const addHeader = (signed: SignedCase, name: string, value: string): SignedCase =>
  withRequest(signed, { rawHeaders: [...signed.request.rawHeaders, name, value] });

/** Changes the text that carries the signature's parts: the Authorization header, or the query. */
const mapClaim = (
  signed: SignedCase,
  from: RegExp,
  to: string | ((match: string) => string),
): SignedCase | undefined => {
  const replace = (text: string): string => (typeof to === "string" ? text.replace(from, to) : text.replace(from, to));
  const changed =
    signed.form === "header"
      ? mapHeader(signed, "authorization", replace)
      : withRequest(signed, { target: replace(signed.request.target) });
  return JSON.stringify(changed?.request) === JSON.stringify(signed.request) ? undefined : changed;
};

const mapTarget = (signed: SignedCase, change: (target: string) => string): SignedCase | undefined => {
  const target = change(signed.request.target);
  return target === signed.request.target ? undefined : withRequest(signed, { target });
};

const presigned =
  (mutation: Mutation): Mutation =>
  (signed) =>
    signed.form === "query" ? mutation(signed) : undefined;

const inHeader =
  (mutation: Mutation): Mutation =>
  (signed) =>
    signed.form === "header" ? mutation(signed) : undefined;

const withToken = (mutation: Mutation): Mutation => {
  return (signed) => (signed.credential.sessionToken === undefined ? undefined : mutation(signed));
};

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  "another method": (s) => withRequest(s, { method: s.request.method === "GET" ? "POST" : "GET" }),
  "method in lower case": (s) => withRequest(s, { method: s.request.method.toLowerCase() }),
  "longer path": (s) => mapTarget(s, (target) => `/x${target}`),
  "path in another case": (s) =>
    // Where the path ends as "/", the changed segment was not signed.
    s.canonicalRequest.split("\n")[1] === "/"
      ? undefined
      : mapTarget(s, (target) => target.replace("/example", "/Example")),
  "parameter added": (s) => mapTarget(s, (target) => `${target}${target.includes("?") ? "&" : "?"}extra=1`),
  "parameter with empty value added": (s) => mapTarget(s, (target) => `${target}${target.includes("?") ? "&" : "?"}a`),
  "parameter value changed": (s) => mapTarget(s, (target) => target.replace(/=[vV]alue/, "=other")),
  "parameter removed": (s) => mapTarget(s, (target) => target.replace(/Param[^&]*&?/, "")),
  "parameter repeated": (s) => mapTarget(s, (target) => target.replace(/(Param[^&]*)/, "$1&$1")),
  "another host": (s) => mapHeader(s, "host", () => "example.amazonaws.org"),
  "port added to host": (s) => mapHeader(s, "host", (value) => `${value}:8080`),
  "host removed": (s) => dropHeader(s, "host"),
  "second host": (s) => addHeader(s, "Host", "example.amazonaws.org"),
  "signed header changed": (s) => mapHeader(s, "my-header1", (value) => `${value}x`),
  "signed header removed": (s) => dropHeader(s, "my-header1"),
  "signed header repeated": (s) => (dropHeader(s, "my-header1") ? addHeader(s, "My-Header1", "again") : undefined),
  "signed header in another case": (s) =>
    mapHeader(s, "my-header1", (value) => value.toUpperCase().replace("VALUE", "Value")),
  "body changed": (s) => ({ ...s, body: Buffer.concat([s.body, Buffer.from("x")]) }),
  "body emptied": (s) => (s.body.length === 0 ? undefined : { ...s, body: Buffer.alloc(0) }),
  "declared hash changed": (s) => mapHeader(s, "x-amz-content-sha256", (value) => value.replace(/^./, "0")),
  "declared hash waived": (s) => mapHeader(s, "x-amz-content-sha256", () => "UNSIGNED-PAYLOAD"),
  "signature: first digit": (s) => mapClaim(s, /(Signature=)(.)/, "$1g"),
  "signature: one bit": (s) =>
    mapClaim(s, /(?<=Signature=)[0-9a-f]/, (digit) => (Number.parseInt(digit, 16) ^ 1).toString(16)),
  "signature: zeros": (s) => mapClaim(s, /Signature=[0-9a-f]{64}/, `Signature=${"0".repeat(64)}`),
  "signature: cut": (s) => mapClaim(s, /(Signature=[0-9a-f]{62})[0-9a-f]{2}/, "$1"),
  "signature: upper case": (s) => mapClaim(s, /Signature=[0-9a-f]{64}/, `Signature=${"A".repeat(64)}`),
  "signature: empty": (s) => mapClaim(s, /Signature=[0-9a-f]{64}/, "Signature="),
  "signature: twice": (s) => mapClaim(s, /(X-Amz-)?(Signature=[0-9a-f]{64})/, "$1$2&$1$2"),
  "signed headers without host": (s) => mapClaim(s, /\bhost\b/, "hosts"),
  "signed headers without the last": (s) => mapClaim(s, /(SignedHeaders=[^,&]*)(;|%3B)[a-z0-9-]+(,|&)/, "$1$3"),
  "signed headers with one more": (s) => mapClaim(s, /(SignedHeaders=[^,&]*)(,|&)/, "$1;zz-top$2"),
  "signed headers in another order": (s) =>
    mapClaim(s, /SignedHeaders=([a-z0-9-]+)(;|%3B)([a-z0-9-]+)/, "SignedHeaders=$3$2$1"),
  "signed headers in upper case": (s) => mapClaim(s, /\bhost\b/, "Host"),
  "another algorithm": (s) => mapClaim(s, /AWS4-HMAC-SHA256/, "AWS4-HMAC-SHA512"),
  "another access key": (s) => mapClaim(s, /AKIDEXAMPLE/, "AKIDEXAMPLF"),
  "another day in the scope": (s) => mapClaim(s, /(AKIDEXAMPLE)(\/|%2F)20150830/, "$1$220150831"),
  "another region in the scope": (s) => mapClaim(s, /us-east-1/, "us-east-2"),
  "another service in the scope": (s) => mapClaim(s, /(us-east-1)(\/|%2F)service/, "$1$2services"),
  "another end of the scope": (s) => mapClaim(s, /aws4_request/, "aws4_requests"),
  "no end of the scope": (s) => mapClaim(s, /(\/|%2F)aws4_request/, ""),
  "another secret": (s) => ({ ...s, credential: { ...s.credential, secret: signingSecret("wJalrXUtnFEMI/K7MDENG") } }),
  "date header a second later": inHeader((s) => mapHeader(s, "x-amz-date", () => "20150830T123601Z")),
  "date header malformed": inHeader((s) => mapHeader(s, "x-amz-date", () => "2015-08-30T12:36:00Z")),
  "date header impossible": inHeader((s) => mapHeader(s, "x-amz-date", () => "20150830T243600Z")),
  "date header removed": inHeader((s) => dropHeader(s, "x-amz-date")),
  "date parameter a second later": presigned((s) =>
    mapClaim(s, /X-Amz-Date=20150830T123600Z/, "X-Amz-Date=20150830T123601Z"),
  ),
  "date parameter removed": presigned((s) => mapClaim(s, /X-Amz-Date=20150830T123600Z&/, "")),
  "longer life": presigned((s) => mapClaim(s, /X-Amz-Expires=3600/, "X-Amz-Expires=3601")),
  "life without end": presigned((s) => mapClaim(s, /X-Amz-Expires=3600/, "X-Amz-Expires=604801")),
  "life removed": presigned((s) => mapClaim(s, /X-Amz-Expires=3600&/, "")),
  "another token in the header": inHeader(
    withToken((s) => mapHeader(s, "x-amz-security-token", (value) => `${value}x`)),
  ),
  "token header removed": inHeader(withToken((s) => dropHeader(s, "x-amz-security-token"))),
  "another token in the query": presigned(
    withToken((s) => mapClaim(s, /X-Amz-Security-Token=./, "X-Amz-Security-Token=0")),
  ),
  "token removed from the query": presigned(withToken((s) => mapClaim(s, /X-Amz-Security-Token=[^&]*&/, ""))),
};

for (const [name, mutate] of Object.entries(MUTATIONS)) {
  test(`refused after signing: ${name}`, () => {
    const mutated = CASES.map(mutate).filter((each) => each !== undefined);
    assert.ok(mutated.length > 0, "the mutation applies to no case");
    for (const each of mutated) {
      assert.throws(() => verify(each), ServiceError, `${each.name}, ${each.form} form, was accepted`);
    }
  });
}

test("a header signature holds for fifteen minutes on either side, and the refusal tells the server's time", () => {
  for (const signed of CASES.filter((each) => each.form === "header")) {
    verify(signed, SIGNED_AT + MAX_SKEW_MS);
    verify(signed, SIGNED_AT - MAX_SKEW_MS);
    assert.throws(
      () => verify(signed, SIGNED_AT + 16 * MINUTE),
      /Signature expired.*server's time is 20150830T125200Z/,
    );
    assert.throws(() => verify(signed, SIGNED_AT - 16 * MINUTE), /Signature not yet current.*20150830T122000Z/);
  }
});

test("a presigned request holds until it expires", () => {
  for (const signed of CASES.filter((each) => each.form === "query")) {
    verify(signed, SIGNED_AT + EXPIRES * 1000);
    assert.throws(() => verify(signed, SIGNED_AT + EXPIRES * 1000 + 1), /Signature expired/);
    assert.throws(() => verify(signed, SIGNED_AT - 16 * MINUTE), /Signature not yet current/);
  }
});

test("a rotated secret takes effect although the day's key is cached", () => {
  const signed = CASES.find((each) => each.name === "get-vanilla" && each.form === "header")!;
  const keys = new SigningKeys();
  const claim = readClaim(signed.request)!;
  const hashes = wholeBodyHashes(signed.body, undefined);
  checkSignature(signed.request, claim, signed.credential, hashes, { keys });
  const rotated = { ...signed.credential, secret: signingSecret("rotated") };
  assert.throws(() => checkSignature(signed.request, claim, rotated, hashes, { keys }), /does not match/);
});

test("an unsigned request makes no claim", () => {
  assert.equal(readClaim({ method: "GET", target: "/?a=b", rawHeaders: ["Host", "h"] }), undefined);
});
