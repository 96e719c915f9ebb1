/**
 * `tsops krm`: a KRM function for kustomize: a ResourceList on standard input, the same with decrypted resources on standard output. What
 * fails is told there, as `results`, and on standard error, which is all that kustomize shows.
 */

import { maxEncryptedBytes, readFileBounded, readStdin } from '../../host/files.ts';
import { writeStdout } from '../../host/streams.ts';
import { decrypt, decryptResources, formatOf } from '../../index.ts';
import type { Call } from '../call.ts';
import { configIfNeeded } from '../configuration.ts';
import { openingOptions } from '../opening.ts';
import { about } from '../source.ts';

export async function run(call: Call): Promise<void> {
  const { flags, report } = call;
  await configIfNeeded(call, undefined, false);
  const options = openingOptions(call);
  const root = flags.root ?? '.';
  const decryptFile = (path: string): Promise<Uint8Array> =>
    about({ path }, async () =>
      decrypt(await readFileBounded(path, { maxBytes: maxEncryptedBytes, root }), {
        ...options,
        format: formatOf(path),
      }),
    );
  const { content, failures } = await about({ path: undefined }, async () =>
    decryptResources(await readStdin(), { ...options, decryptFile }),
  );
  await writeStdout(content);
  const last = failures.at(-1);
  for (const failure of failures.slice(0, -1)) report.fail(failure);
  if (last !== undefined) throw last;
}
