/** Work that is done when it is first asked for, and not again. */

/** Node looks a module up anew for each `import()` of it, which takes a tenth of a millisecond: much, for each of a thousand files. */
export function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => {
    loading ??= load();
    return loading;
  };
}
