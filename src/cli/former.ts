/** The former version of a file that is encrypted again, so that its diff shows what has changed and no more. */

import { TsopsError } from '../errors.ts';
import { isRegularFile, maxEncryptedBytes, readFileBounded } from '../host/files.ts';
import { committedVersion } from '../host/git.ts';
import { type EncryptOptions, encrypt, type FormatName, systemContext } from '../index.ts';
import type { Call } from './call.ts';
import { keyContext } from './keyservices.ts';
import { isOurs } from './ours.ts';

/** What is to be encrypted, and where to. */
export interface Renewal {
  readonly bytes: Uint8Array;
  /** The file that they were read from; undefined for standard input. */
  readonly path: string | undefined;
  readonly options: EncryptOptions;
  readonly format: FormatName;
  readonly outputFormat: FormatName;
  /** Where the result will be, or the name that it goes by; undefined where nothing is known of it. */
  readonly place: string | undefined;
}

/**
 * Encrypts with what is left of the former version. One that was named has to open; one that was merely found is used where it opens
 * without a question and without a program.
 *
 * @throws TsopsError what `encrypt` throws
 */
export async function encryptRenewed(call: Call, renewal: Renewal): Promise<Uint8Array> {
  const { flags } = call;
  const { bytes, options, format, outputFormat } = renewal;
  if (flags.noReuse && flags.reuseFrom !== undefined) throw bothWays();
  if (flags.reuseFrom !== undefined) {
    const reuseFrom = await readFileBounded(flags.reuseFrom, { maxBytes: maxEncryptedBytes, root: flags.root });
    return encrypt(bytes, { ...options, reuseFrom });
  }
  const found = flags.noReuse || format !== outputFormat ? undefined : await foundVersion(renewal);
  if (found === undefined) return encrypt(bytes, options);
  try {
    return await encrypt(bytes, { ...options, keys: unattended(call, options), reuseFrom: found });
  } catch (error) {
    // Whatever it was, encrypting without the former version shows whether it matters.
    if (!(error instanceof TsopsError)) throw error;
    return encrypt(bytes, options);
  }
}

/** The file that will be replaced, where it is encrypted, else what the last commit has under its name. */
async function foundVersion({ bytes, path, place, format }: Renewal): Promise<Uint8Array | undefined> {
  if (place === undefined) return undefined;
  const there = place === path ? bytes : await regularFile(place);
  if (there !== undefined && (await isOurs(there, format))) return there;
  const committed = await committedVersion(place);
  return committed !== undefined && (await isOurs(committed, format)) ? committed : undefined;
}

const regularFile = async (path: string): Promise<Uint8Array | undefined> =>
  isRegularFile(path) ? readFileBounded(path, { maxBytes: maxEncryptedBytes }) : undefined;

/** The keys of this machine that open without a person and without a program. */
function unattended(call: Call, { groups }: EncryptOptions): EncryptOptions['keys'] {
  const nobody = { askSecret: undefined, askVisibly: undefined, confirm: undefined, say: undefined };
  return { ...keyContext(call, groups), ...nobody, run: undefined, start: undefined, once };
}

/** What was not found in this way may well be found by others in the same run. */
const once = systemContext().once;

function bothWays(): TsopsError {
  return new TsopsError('CONFLICTING_OPTIONS', '--reuse-from and --no-reuse cannot be used together');
}
