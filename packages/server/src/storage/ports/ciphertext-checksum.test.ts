import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ciphertextChecksum } from "./ciphertext-checksum.ts";

test("a checksum does not depend on how the bytes are cut, and tells each flipped bit", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 70 }), { minLength: 1, maxLength: 6 }),
      fc.nat(),
      (pieces, where) => {
        const joined = Buffer.concat(pieces);
        const checksum = ciphertextChecksum(pieces);
        assert.equal(ciphertextChecksum([joined]), checksum);
        if (joined.length === 0) return;
        const bit = where % (joined.length * 8);
        joined[bit >> 3]! ^= 1 << (bit & 7);
        assert.notEqual(ciphertextChecksum([joined]), checksum);
      },
    ),
  );
});

test("the checksum is that of the format: AES-256-GMAC under zeros", () => {
  // Test case 13 of McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)": zero key, zero nonce, nothing to authenticate.
  assert.equal(ciphertextChecksum([]), Buffer.from("530f8afb", "hex").readUInt32LE(0));
});
