import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileProblem } from "./config/file-problem.ts";
import type { Settings } from "./config/options.ts";
import { ConfigError } from "./config/settings.ts";

/** PEM texts of a certificate chain and its key. */
export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** When the certificate's validity ends. */
  readonly validTo: Date;
}

/**
 * Reads the certificate and the key that the settings name; undefined where they name none.
 * @throws ConfigError that names the option, its file and what was expected where one cannot be read, is something else, or the two do not belong
 * together
 */
export function readTls({ tlsCert, tlsKey }: Pick<Settings, "tlsCert" | "tlsKey">): TlsFiles | undefined {
  if (tlsCert === "") return undefined;
  const cert = read("--tls-cert", tlsCert);
  const key = read("--tls-key", tlsKey);
  const certificate = understood(`--tls-cert ${tlsCert}`, "a PEM certificate chain", () => new X509Certificate(cert));
  const privateKey = understood(`--tls-key ${tlsKey}`, "a PEM private key without a passphrase", () =>
    createPrivateKey(key),
  );
  checkPair(certificate, privateKey, `--tls-key ${tlsKey}: is not the key of the certificate in --tls-cert ${tlsCert}`);
  return { cert, key, validTo: certificate.validToDate };
}

function read(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConfigError(`${option} ${path}: ${fileProblem(cause)}`, { cause });
  }
}

function understood<T>(file: string, expected: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    // What the library says of it are numbers of its own.
    throw new ConfigError(`${file}: expected ${expected}`, { cause });
  }
}

function checkPair(certificate: X509Certificate, key: KeyObject, problem: string): void {
  if (!certificate.checkPrivateKey(key)) throw new ConfigError(problem);
}
