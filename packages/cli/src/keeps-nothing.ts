/** What is said of a stream that keeps nothing where something that was kept is asked for. */
export const keepsNothing = (stream: string): string =>
  `${stream} keeps nothing: its retention is 0 h (NoDataRetention); kvass get --from now follows what arrives`;
