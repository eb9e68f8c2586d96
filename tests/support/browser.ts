import { accessSync, constants } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** Where Debian's package puts it; `KVASS_CHROMIUM` names another one. */
const CHROMIUM = process.env.KVASS_CHROMIUM ?? "/usr/bin/chromium";

/** It starts within seconds; a machine that is busy may take longer. */
const STARTS_WITHIN_MS = 150_000;

/** Starts Chromium without a window. Throws where it is not installed: what a browser shows cannot be tested without one. */
export async function launchBrowser(): Promise<Browser> {
  try {
    accessSync(CHROMIUM, constants.X_OK);
  } catch {
    throw new Error(
      `${CHROMIUM} is missing: apt-get install chromium, or set KVASS_CHROMIUM to a Chromium that decodes H.264`,
    );
  }
  return chromium.launch({
    executablePath: CHROMIUM,
    timeout: STARTS_WITHIN_MS,
    // Containers have neither user namespaces for its sandbox nor much shared memory.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"],
  });
}
