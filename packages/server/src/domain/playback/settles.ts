/**
 * Whether a promise that never rejects settles within so many milliseconds, before `signal` is aborted. Leaves no timer and no listener
 * behind.
 */
export function settles(promise: Promise<void>, ms: number, signal?: AbortSignal): Promise<boolean> {
  if (ms <= 0 || signal?.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const finish = (settled: boolean): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", give);
      resolve(settled);
    };
    const give = (): void => finish(false);
    const timer = setTimeout(give, ms);
    signal?.addEventListener("abort", give);
    void promise.then(() => finish(true));
  });
}
