/**
 * What services and programs have answered in a run, so that the same is not asked of them twice: files that have one data key (copies,
 * or several made from one) cost one request, and one passphrase. Only a context that has an `asked` keeps answers. They are data keys,
 * so that is for a process that ends with its work, and not for a library or a server.
 */

import type { KeyContext } from './provider.ts';

/** The answers that are kept: the newest ones, so that memory does not grow with the number of files. */
const limit = 1000;

/**
 * The answer to a question, from the run before or anew; questions of the same `id` that are asked side by side get one answer. An
 * answer that is no `isGood` one, or an error, is asked for anew the next time: the reason may have passed.
 */
export async function askedOnce<T>(
  { asked }: Pick<KeyContext, 'asked'>,
  id: string,
  ask: () => Promise<T>,
  isGood: (answer: T) => boolean = () => true,
): Promise<T> {
  if (asked === undefined) return ask();
  const known = asked.get(id) as Promise<T> | undefined;
  const asking = known ?? ask();
  // Behind all others, as the newest.
  asked.delete(id);
  asked.set(id, asking);
  for (const oldest of asked.keys()) {
    if (asked.size <= limit) break;
    asked.delete(oldest);
  }
  const forget = () => {
    if (asked.get(id) === asking) asked.delete(id);
  };
  try {
    const answer = await asking;
    if (!isGood(answer)) forget();
    return answer;
  } catch (error) {
    forget();
    throw error;
  }
}
