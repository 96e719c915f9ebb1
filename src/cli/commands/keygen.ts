/** `tsops keygen`: a new age identity, in the form and with the manners of age-keygen. */

import { randomBytes } from 'node:crypto';
import { createFile } from '../../host/replace.ts';
import { isTerminal, writeStdout } from '../../host/streams.ts';
import { generateIdentity } from '../../index.ts';
import type { Call } from '../call.ts';

export async function run({ flags, report }: Call): Promise<void> {
  const identity = await generateIdentity({ postQuantum: flags.pq ?? false, now: new Date(), random: randomBytes });
  const text = new TextEncoder().encode(identity.fileText);
  if (flags.output !== undefined) await createFile(flags.output, text, { secret: true });
  else await writeStdout(text);
  // Where the identity itself is on the screen, its comment shows the recipient already.
  if (flags.output !== undefined || !isTerminal('stdout')) report.tell(`Public key: ${identity.recipient}`);
}
