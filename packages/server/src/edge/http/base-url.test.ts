import assert from "node:assert/strict";
import { test } from "node:test";
import { type Arrival, baseUrlOf } from "./base-url.ts";

const arrival = (more: Partial<Arrival>): Arrival => ({
  scheme: "http",
  host: undefined,
  localAddress: "127.0.0.1",
  localPort: 8080,
  ...more,
});

test("the Host header decides, with the connection's port where it has none", () => {
  assert.equal(baseUrlOf(arrival({ host: "kvass.lan:8080" })), "http://kvass.lan:8080");
  assert.equal(baseUrlOf(arrival({ host: "kvass.lan:9000" })), "http://kvass.lan:9000");
  assert.equal(baseUrlOf(arrival({ host: "kvass.lan" })), "http://kvass.lan:8080");
  assert.equal(baseUrlOf(arrival({ host: "[::1]" })), "http://[::1]:8080");
});

test("the scheme's own port is left out", () => {
  assert.equal(baseUrlOf(arrival({ host: "kvass.lan", localPort: 80 })), "http://kvass.lan");
  assert.equal(baseUrlOf(arrival({ host: "kvass.lan", scheme: "https", localPort: 443 })), "https://kvass.lan");
});

test("without a usable Host the connection's own address is handed out", () => {
  assert.equal(baseUrlOf(arrival({})), "http://127.0.0.1:8080");
  assert.equal(baseUrlOf(arrival({ localAddress: "::1" })), "http://[::1]:8080");
  for (const host of ["a/b", "a b", "user@a", "a:99999999", "[zz]", ""]) {
    assert.equal(baseUrlOf(arrival({ host })), "http://127.0.0.1:8080", host);
  }
});
