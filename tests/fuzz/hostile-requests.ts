/** Requests that no honest client sends, each with what it must be answered with. */

const MIB = 2 ** 20;

/** One request and what it must be answered with. */
export interface Case {
  readonly what: string;
  /** As it goes over the wire, one character a byte. */
  readonly request: string;
  /** Statuses of the answers in turn; the connection is then closed by the server, or is still good for another request. */
  readonly expect: RegExp;
  /** Sent with the request where absent; else when its answer has begun. */
  readonly probe?: "later";
}

/** What a well-signed request is made of; `body` has one character a byte. */
export interface SignedParts {
  readonly path?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const head = (...lines: string[]): string => `POST /createStream HTTP/1.1\r\nhost: x\r\n${lines.join("\r\n")}\r\n\r\n`;
/** Bytes that are no HTTP request, or ask for more than a request may. */
export function malformedHttp(): Case[] {
  // Node itself answers a request without Host, and tells no type. What is wrong behind the head may be found after an answer to that.
  const refused = /^(4\d\d( \w+)?(, )?){0,2}$/;
  const many = Array.from({ length: 2000 }, (_, index) => `x-${index}: 1`);
  return [
    { what: "a header of 1 MiB", request: head(`x-long: ${"a".repeat(MIB)}`), expect: /^(431 \w+)?$/ },
    { what: "a path of 1 MiB", request: `GET /${"a".repeat(MIB)} HTTP/1.1\r\nhost: x\r\n\r\n`, expect: /^(431 \w+)?$/ },
    {
      what: "2,000 headers",
      request: head(...many, "content-length: 0"),
      expect: /^(403 MissingAuthenticationToken\w*, 200|4\d\d \w+.*)$/,
    },
    {
      what: "a chunk size that is no number",
      request: `${head("transfer-encoding: chunked")}zz\r\nhello\r\n`,
      expect: refused,
    },
    {
      what: "a chunk size of 2^64",
      request: `${head("transfer-encoding: chunked")}10000000000000000\r\nx`,
      expect: refused,
    },
    {
      what: "a chunk that is longer than it says",
      request: `${head("transfer-encoding: chunked")}1\r\nhello\r\n0\r\n\r\n`,
      expect: refused,
    },
    {
      what: "chunk extensions of 1 MiB",
      request: `${head("transfer-encoding: chunked")}1;${"e".repeat(MIB)}\r\nx\r\n0\r\n\r\n`,
      expect: refused,
    },
    {
      what: "both Content-Length and Transfer-Encoding",
      request: `${head("content-length: 4", "transfer-encoding: chunked")}0\r\n\r\n`,
      expect: refused,
    },
    {
      what: "Transfer-Encoding twice",
      request: `${head("transfer-encoding: chunked", "transfer-encoding: identity")}0\r\n\r\n`,
      expect: refused,
    },
    {
      what: "Transfer-Encoding that does not end in chunked",
      request: `${head("transfer-encoding: chunked, gzip")}0\r\n\r\n`,
      expect: refused,
    },
    {
      what: "Transfer-Encoding with a blank before the colon",
      request: `${head("transfer-encoding : chunked", "content-length: 3")}0\r\n\r\n`,
      expect: refused,
    },
    {
      what: "two different Content-Lengths",
      request: `${head("content-length: 1", "content-length: 5")}hello`,
      expect: refused,
    },
    { what: "a Content-Length that is no number", request: `${head("content-length: five")}hello`, expect: refused },
    { what: "a negative Content-Length", request: head("content-length: -1"), expect: refused },
    { what: "a Content-Length of 2^64", request: head("content-length: 18446744073709551616"), expect: refused },
    {
      what: "a bare line feed in a header",
      request: head("x-a: b\nx-smuggled: c", "content-length: 0"),
      expect: /^(4\d\d \w+.*)?$/,
    },
    { what: "a NUL in a header", request: head("x-a: b\0c", "content-length: 0"), expect: refused },
    {
      what: "a header folded over two lines",
      request: head("x-a: b\r\n folded", "content-length: 0"),
      expect: /^(4\d\d \w+.*)?$/,
    },
    { what: "an unknown HTTP version", request: "GET / HTTP/9.9\r\nhost: x\r\n\r\n", expect: refused },
    { what: "an unknown method", request: "STEAL / HTTP/1.1\r\nhost: x\r\n\r\n", expect: refused },
    { what: "HTTP/2 without asking", request: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", expect: refused },
    { what: "no Host", request: "POST /createStream HTTP/1.1\r\ncontent-length: 0\r\n\r\n", expect: refused },
    { what: "a TLS handshake", request: "\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03", expect: refused },
    { what: "zeros", request: "\0".repeat(1000), expect: refused },
  ];
}

/** Requests that HTTP allows and no client sends. */
export function oddHttp(): Case[] {
  const unsigned = /^403 MissingAuthenticationToken\w*, 200$/;
  const post = head("content-length: 0");
  return [
    {
      what: "twenty requests at once",
      request: post.repeat(20),
      expect: /^(403 MissingAuthenticationToken\w*, ){20}200$/,
    },
    {
      what: "a header with bytes beyond ASCII",
      request: head("x-a: \xff\xfe\x80", "content-length: 0"),
      expect: unsigned,
    },
    {
      what: "HTTP/1.0",
      request: "POST /createStream HTTP/1.0\r\ncontent-length: 0\r\n\r\n",
      expect: /^403 Missing\w+$/,
      probe: "later",
    },
    {
      what: "an Expect that nobody knows",
      request: head("expect: a-miracle", "content-length: 0"),
      expect: /^4\d\d( \w+)?(, 200)?$/,
    },
    {
      what: "an Expect without a body",
      request: head("expect: 100-continue", "content-length: 0"),
      expect: /^403 Missing\w+(, 200)?$/,
    },
    {
      what: "an upgrade",
      request: head("connection: upgrade", "upgrade: websocket", "content-length: 0"),
      expect: unsigned,
      // Behind such a head Node takes nothing more before it has answered.
      probe: "later",
    },
    {
      what: "a climb out of the root",
      request: "GET /../../etc/passwd HTTP/1.1\r\nhost: x\r\n\r\n",
      expect: /^404 Unknown\w+, 200$/,
    },
    {
      what: "an encoded climb",
      request: "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nhost: x\r\n\r\n",
      expect: /^404 Unknown\w+, 200$/,
    },
    { what: "a path with a NUL", request: "GET /%00 HTTP/1.1\r\nhost: x\r\n\r\n", expect: /^404 Unknown\w+, 200$/ },
    {
      what: "a path of a prototype's member",
      request: "GET /__proto__ HTTP/1.1\r\nhost: x\r\n\r\n",
      expect: /^404 Unknown\w+, 200$/,
    },
    {
      what: "two slashes",
      request: "POST //createStream HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n",
      expect: /^404 Unknown\w+, 200$/,
    },
    {
      what: "a broken escape in a label",
      request: "GET /ListTagsForResource%ZZ HTTP/1.1\r\nhost: x\r\n\r\n",
      expect: /^404 Unknown\w+, 200$/,
    },
    {
      what: "a query of a thousand parameters",
      request: `POST /createStream?${"a=b&".repeat(1000)} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`,
      expect: unsigned,
    },
    {
      what: "a presigned query with every parameter twice",
      request: `POST /createStream?${"X-Amz-Signature=a&X-Amz-Algorithm=AWS4-HMAC-SHA256&".repeat(2)} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`,
      expect: /^(400|403) Incomplete\w+, 200$/,
    },
    {
      what: "a method that the path does not know",
      request: "DELETE /createStream HTTP/1.1\r\nhost: x\r\n\r\n",
      expect: /^405 MethodNotAllowed\w+, 200$/,
    },
    { what: "CONNECT", request: "CONNECT example.org:443 HTTP/1.1\r\nhost: x\r\n\r\n", expect: /^(4\d\d \w+.*)?$/ },
    {
      what: "an absolute target elsewhere",
      request: "GET http://example.org/secret HTTP/1.1\r\nhost: x\r\n\r\n",
      expect: /^404 Unknown\w+, 200$/,
    },
  ];
}

/** Well-signed requests whose bodies are not what an operation takes. */
export function hostileJson(signed: (parts: SignedParts) => string): Case[] {
  const serialization = /^400 SerializationException, 200$/;
  const invalid = /^400 InvalidArgumentException, 200$/;
  const json = (what: string, body: string, expect: RegExp): Case => ({ what, request: signed({ body }), expect });
  const utf8 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
  return [
    json("no JSON", "{", serialization),
    json("a byte order mark alone", "\xef\xbb\xbf", serialization),
    json("bytes that are not UTF-8", '{"StreamName":"\xff\xfe"}', serialization),
    json("an overlong UTF-8 form", '{"StreamName":"\xc0\xaf"}', serialization),
    json("a UTF-8 surrogate", '{"StreamName":"\xed\xa0\x80"}', serialization),
    json("a list at the top", "[]", serialization),
    json("a text at the top", '"x"', serialization),
    json("100,000 lists in each other", `{"StreamName":${"[".repeat(100_000)}`, serialization),
    json("100,000 objects in each other", '{"a":'.repeat(100_000), serialization),
    json("depth in a member that nobody knows", `{"x":${"[".repeat(65)}${"]".repeat(65)}}`, serialization),
    json("a name of the wrong type", '{"StreamName":{"toString":1}}', serialization),
    json("a number that is no number", '{"StreamName":"a","DataRetentionInHours":1e999}', serialization),
    json("a number in a text", '{"StreamName":"a","DataRetentionInHours":"1"}', serialization),
    json("a number beyond every bound", '{"StreamName":"a","DataRetentionInHours":1e300}', invalid),
    json(
      "a number with a fraction",
      '{"StreamName":"a","DataRetentionInHours":1.5}',
      /^400 (Serialization|InvalidArgument)Exception, 200$/,
    ),
    json(
      "a number with a million digits",
      `{"StreamName":"a","DataRetentionInHours":${"9".repeat(1_000_000)}}`,
      /^400 (Serialization|InvalidArgument)Exception, 200$/,
    ),
    json("a prototype for the input", '{"__proto__":{"StreamName":"polluted"}}', invalid),
    json("a constructor's prototype", '{"constructor":{"prototype":{"StreamName":"polluted"}}}', invalid),
    json("a NUL in a name", '{"StreamName":"a\\u0000b"}', invalid),
    json("a climb in a name", '{"StreamName":"../../etc"}', invalid),
    json("a name of 1,000 characters", `{"StreamName":"${"a".repeat(1000)}"}`, invalid),
    json("a name beyond ASCII", utf8('{"StreamName":"caméra"}'), invalid),
    json("an unpaired surrogate in a tag", '{"StreamName":"a","Tags":{"\\ud800":"x"}}', /^400 \w+, 200$/),
    json(
      "a thousand tags",
      `{"StreamName":"a","Tags":{${Array.from({ length: 1000 }, (_, index) => `"k${index}":"v"`).join()}}}`,
      /^400 \w+, 200$/,
    ),
    json("the same name twice, the last one bad", '{"StreamName":"a","StreamName":""}', invalid),
    json("a body of more than 1 MiB", `{"x":"${"a".repeat(MIB)}"}`, /^413 RequestEntityTooLarge\w*(, 200)?$/),
    {
      what: "a Content-Length longer than the body signed",
      request: `${signed({ body: "{}" }).replace("content-length: 2", "content-length: 9")}${" ".repeat(7)}`,
      expect: /^403 InvalidSignature\w*, 200$/,
    },
    {
      what: "a body other than the one signed",
      request: signed({ body: '{"a":1}' }).replace(/\{"a":1\}$/, '{"a":2}'),
      expect: /^403 InvalidSignature\w*, 200$/,
    },
    {
      what: "a PutMedia without its headers",
      request: signed({ path: "/putMedia", body: "" }),
      expect: /^400 InvalidArgument\w*, 200$/,
    },
    {
      what: "a PutMedia with an impossible start",
      request: signed({
        path: "/putMedia",
        body: "",
        headers: {
          "x-amzn-stream-name": "there",
          "x-amzn-fragment-timecode-type": "ABSOLUTE",
          "x-amzn-producer-start-timestamp": "1e400",
        },
      }),
      expect: /^400 \w+, 200$/,
    },
    {
      what: "a GetMedia with an unknown selector",
      request: signed({
        path: "/getMedia",
        body: '{"StreamName":"there","StartSelector":{"StartSelectorType":"__proto__"}}',
      }),
      expect: invalid,
    },
    {
      what: "a page token of somebody's own",
      request: signed({ path: "/listStreams", body: '{"NextToken":"AAAA\\u0000"}' }),
      expect: /^400 \w+, 200$/,
    },
    {
      what: "a fragment list of numbers that are none",
      request: signed({
        path: "/getMediaForFragmentList",
        body: `{"StreamName":"there","Fragments":["${"9".repeat(128)}"]}`,
      }),
      expect: /^(200|400 \w+), 200$/,
    },
  ];
}

/** Claims of a signature that are none. */
export function hostileSignatures(): Case[] {
  const claim = (what: string, authorization: string): Case => ({
    what,
    request: head(`authorization: ${authorization}`, "content-length: 0"),
    expect: /^40[03] \w+, 200$/,
  });
  const scope = "AKIA/20260101/us-east-1/kinesisvideo/aws4_request";
  return [
    claim("another scheme", "Basic a3Zhc3M6a3Zhc3M="),
    claim("nothing behind the algorithm", "AWS4-HMAC-SHA256"),
    claim("a thousand parts", `AWS4-HMAC-SHA256 ${"Credential=a,".repeat(1000)}`),
    claim(
      "a thousand signed headers",
      `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${"h;".repeat(1000)}host, Signature=${"0".repeat(64)}`,
    ),
    claim("a signature too short", `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00`),
    claim(
      "a signature that is no hexadecimal",
      `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=${"z".repeat(64)}`,
    ),
    claim(
      "an access key of a prototype's member",
      `AWS4-HMAC-SHA256 Credential=__proto__/20260101/us-east-1/kinesisvideo/aws4_request, SignedHeaders=host, Signature=${"0".repeat(64)}`,
    ),
    claim(
      "an access key with a climb",
      `AWS4-HMAC-SHA256 Credential=../20260101/us-east-1/kinesisvideo/aws4_request, SignedHeaders=host, Signature=${"0".repeat(64)}`,
    ),
    claim(
      "a day of nobody's calendar",
      `AWS4-HMAC-SHA256 Credential=AKIA/99999999/us-east-1/kinesisvideo/aws4_request, SignedHeaders=host, Signature=${"0".repeat(64)}`,
    ),
  ];
}
