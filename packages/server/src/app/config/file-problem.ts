const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "is a folder",
  ENOTDIR: "lies below what is no folder",
  ELOOP: "too many symbolic links",
};

/** Why a file could not be read, in words; the error's own where they are not the system's. */
export function fileProblem(error: unknown): string {
  const { code = "", message = String(error) } = error as NodeJS.ErrnoException;
  return PROBLEMS[code] ?? message;
}
