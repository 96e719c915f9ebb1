/**
 * Work that is done when it is first asked for, and not again once it is done. What failed, as where no file can be opened just now, is
 * tried again.
 */

/** Node looks a module up anew for each `import()` of it, which takes a tenth of a millisecond: much, for each of a thousand files. */
export function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => {
    loading ??= load().catch(error => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}
