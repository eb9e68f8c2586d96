/** A word of a POSIX shell that stands for exactly this text. Single quotes keep every character but the quote itself. */
export const shellWord = (value: string): string =>
  /^[\w:/.@%+=-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
