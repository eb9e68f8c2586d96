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
  const refused = /^400 MalformedHttpRequestException$/;
  // What is wrong behind the head may be found before or after the head has been answered.
  const cut = /^(403 MissingAuthenticationTokenException, )?400 MalformedHttpRequestException$/;
  // A client that is still sending may find its connection reset before it reads this.
  const tooLarge = /^(431 RequestHeaderSectionTooLargeException)?$/;
  const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `x-${index}: 1`);
  return [
    { what: "a header of 1 MiB", request: head(`x-long: ${"a".repeat(MIB)}`), expect: tooLarge },
    { what: "a path of 1 MiB", request: `GET /${"a".repeat(MIB)} HTTP/1.1\r\nhost: x\r\n\r\n`, expect: tooLarge },
    { what: "20,000 headers", request: head(...many(20_000), "content-length: 0"), expect: tooLarge },
    {
      what: "101 headers, which are few bytes",
      request: head(...many(99), "content-length: 0"),
      expect: /^431 RequestHeaderSectionTooLargeException$/,
    },
    {
      what: "a chunk size that is no number",
      request: `${head("transfer-encoding: chunked")}zz\r\nhello\r\n`,
      expect: cut,
    },
    {
      what: "a chunk size of 2^64",
      request: `${head("transfer-encoding: chunked")}10000000000000000\r\nx`,
      expect: cut,
    },
    {
      what: "a chunk that is longer than it says",
      request: `${head("transfer-encoding: chunked")}1\r\nhello\r\n0\r\n\r\n`,
      expect: cut,
    },
    {
      what: "chunk extensions of 1 MiB",
      request: `${head("transfer-encoding: chunked")}1;${"e".repeat(MIB)}\r\nx\r\n0\r\n\r\n`,
      // Reset, where it is still sending.
      expect: new RegExp(`${cut.source}|^(403 MissingAuthenticationTokenException)?$`),
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
      expect: refused,
    },
    { what: "a NUL in a header", request: head("x-a: b\0c", "content-length: 0"), expect: refused },
    {
      what: "a header folded over two lines",
      request: head("x-a: b\r\n folded", "content-length: 0"),
      expect: refused,
    },
    { what: "an unknown HTTP version", request: "GET / HTTP/9.9\r\nhost: x\r\n\r\n", expect: refused },
    { what: "an unknown method", request: "STEAL / HTTP/1.1\r\nhost: x\r\n\r\n", expect: refused },
    { what: "HTTP/2 without asking", request: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", expect: refused },
    {
      what: "no Host",
      request: "POST /createStream HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
      expect: /^400 MalformedHttpRequestException$/,
    },
    { what: "a TLS handshake", request: "\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03", expect: refused },
    { what: "zeros", request: "\0".repeat(1000), expect: refused },
  ];
}

/** Requests that HTTP allows and no client sends. */
export function oddHttp(): Case[] {
  const unsigned = /^403 MissingAuthenticationTokenException, 200$/;
  const unknown = /^404 UnknownOperationException, 200$/;
  const post = head("content-length: 0");
  return [
    {
      what: "twenty requests at once",
      request: post.repeat(20),
      expect: /^(403 MissingAuthenticationTokenException, ){20}200$/,
    },
    {
      what: "a header with bytes beyond ASCII",
      request: head("x-a: \xff\xfe\x80", "content-length: 0"),
      expect: unsigned,
    },
    {
      what: "HTTP/1.0",
      request: "POST /createStream HTTP/1.0\r\ncontent-length: 0\r\n\r\n",
      expect: /^403 MissingAuthenticationTokenException$/,
      probe: "later",
    },
    {
      what: "an Expect that nobody knows",
      request: head("expect: a-miracle", "content-length: 0"),
      expect: unsigned,
    },
    {
      what: "an Expect without a body",
      request: head("expect: 100-continue", "content-length: 0"),
      // Who waits for 100 and gets something else may send the body all the same, or not: no second request can be told from it.
      expect: /^403 MissingAuthenticationTokenException$/,
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
      expect: unknown,
    },
    {
      what: "an encoded climb",
      request: "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nhost: x\r\n\r\n",
      expect: unknown,
    },
    { what: "a path with a NUL", request: "GET /%00 HTTP/1.1\r\nhost: x\r\n\r\n", expect: unknown },
    {
      what: "a path of a prototype's member",
      request: "GET /__proto__ HTTP/1.1\r\nhost: x\r\n\r\n",
      expect: unknown,
    },
    {
      what: "two slashes",
      request: "POST //createStream HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n",
      expect: unknown,
    },
    {
      what: "a broken escape in a label",
      request: "GET /ListTagsForResource%ZZ HTTP/1.1\r\nhost: x\r\n\r\n",
      expect: unknown,
    },
    {
      what: "a query of a thousand parameters",
      request: `POST /createStream?${"a=b&".repeat(1000)} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`,
      expect: unsigned,
    },
    {
      what: "a presigned query with every parameter twice",
      request: `POST /createStream?${"X-Amz-Signature=a&X-Amz-Algorithm=AWS4-HMAC-SHA256&".repeat(2)} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`,
      expect: /^400 IncompleteSignatureException, 200$/,
    },
    {
      what: "a method that the path does not know",
      request: "DELETE /createStream HTTP/1.1\r\nhost: x\r\n\r\n",
      expect: /^405 MethodNotAllowedException, 200$/,
    },
    // No tunnel: the connection is closed, and what follows is not taken for a request.
    { what: "CONNECT", request: "CONNECT example.org:443 HTTP/1.1\r\nhost: x\r\n\r\n", expect: /^$/ },
    {
      what: "an absolute target elsewhere",
      request: "GET http://example.org/secret HTTP/1.1\r\nhost: x\r\n\r\n",
      expect: unknown,
    },
  ];
}

/** Well-signed requests whose bodies are not what an operation takes. */
export function hostileJson(signed: (parts: SignedParts) => string): Case[] {
  const serialization = /^400 SerializationException, 200$/;
  const invalid = /^400 InvalidArgumentException, 200$/;
  const json = (what: string, body: string, expect: RegExp): Case => ({ what, request: signed({ body }), expect });
  const unsignedSo = /^403 InvalidSignatureException, 200$/;
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
    json("a number with a fraction", '{"StreamName":"a","DataRetentionInHours":1.5}', invalid),
    json(
      "a number with a million digits",
      `{"StreamName":"a","DataRetentionInHours":${"9".repeat(1_000_000)}}`,
      serialization,
    ),
    json("a prototype for the input", '{"__proto__":{"StreamName":"polluted"}}', invalid),
    json("a constructor's prototype", '{"constructor":{"prototype":{"StreamName":"polluted"}}}', invalid),
    json("a NUL in a name", '{"StreamName":"a\\u0000b"}', invalid),
    json("a climb in a name", '{"StreamName":"../../etc"}', invalid),
    json("a name of 1,000 characters", `{"StreamName":"${"a".repeat(1000)}"}`, invalid),
    json("a name beyond ASCII", utf8('{"StreamName":"caméra"}'), invalid),
    json("an unpaired surrogate in a tag", '{"StreamName":"a","Tags":{"\\ud800":"x"}}', invalid),
    json(
      "a thousand tags",
      `{"StreamName":"a","Tags":{${Array.from({ length: 1000 }, (_, index) => `"k${index}":"v"`).join()}}}`,
      invalid,
    ),
    json("the same name twice, the last one bad", '{"StreamName":"a","StreamName":""}', invalid),
    json("a body of more than 1 MiB", `{"x":"${"a".repeat(MIB)}"}`, /^413 RequestEntityTooLargeException, 200$/),
    {
      what: "a Content-Length longer than the body signed",
      request: `${signed({ body: "{}" }).replace("content-length: 2", "content-length: 9")}${" ".repeat(7)}`,
      expect: unsignedSo,
    },
    {
      what: "a body other than the one signed",
      request: signed({ body: '{"a":1}' }).replace(/\{"a":1\}$/, '{"a":2}'),
      expect: unsignedSo,
    },
    {
      what: "a PutMedia without its headers",
      request: signed({ path: "/putMedia", body: "" }),
      expect: invalid,
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
      expect: invalid,
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
      expect: invalid,
    },
    {
      what: "a fragment list of numbers that no fragment has",
      request: signed({
        path: "/getMediaForFragmentList",
        body: `{"StreamName":"there","Fragments":["${"9".repeat(128)}"]}`,
      }),
      // The answer has begun by then: the chunk says so.
      expect: /^200, 200$/,
    },
  ];
}

/**
 * Claims of a signature that are none, well-timed, so that nothing else is wrong with them.
 * @param now the moment that they are sent at
 */
export function hostileSignatures(now: Date): Case[] {
  const date = now.toISOString().replaceAll(/[-:]|\.\d{3}/g, "");
  const day = date.slice(0, 8);
  const incomplete = /^400 IncompleteSignatureException, 200$/;
  const unrecognized = /^403 UnrecognizedClientException, 200$/;
  const claim = (what: string, authorization: string, expect: RegExp): Case => ({
    what,
    request: head(`authorization: ${authorization}`, `x-amz-date: ${date}`, "content-length: 0"),
    expect,
  });
  const signature = "0".repeat(64);
  const sigv4 = (credential: string, headers = "host;x-amz-date", mac = signature): string =>
    `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${headers}, Signature=${mac}`;
  const scope = `${day}/us-east-1/kinesisvideo/aws4_request`;
  return [
    claim("another scheme", "Basic a3Zhc3M6a3Zhc3M=", incomplete),
    claim("nothing behind the algorithm", "AWS4-HMAC-SHA256", incomplete),
    claim("a thousand parts", `AWS4-HMAC-SHA256 ${"Credential=a,".repeat(1000)}`, incomplete),
    claim("a thousand signed headers", sigv4(`AKIA/${scope}`, `${"h;".repeat(1000)}host`), incomplete),
    claim("a signature too short", sigv4(`AKIA/${scope}`, undefined, "00"), incomplete),
    claim("a signature that is no hexadecimal", sigv4(`AKIA/${scope}`, undefined, "z".repeat(64)), incomplete),
    claim("an access key of a prototype's member", sigv4(`__proto__/${scope}`), unrecognized),
    claim("an access key with a climb", sigv4(`../${scope}`), unrecognized),
    claim("an access key of nobody", sigv4(`AKIAIOSFODNN7EXAMPLE/${scope}`), unrecognized),
    claim(
      "a day of nobody's calendar",
      sigv4("AKIA/99999999/us-east-1/kinesisvideo/aws4_request"),
      /^403 InvalidSignatureException, 200$/,
    ),
  ];
}
