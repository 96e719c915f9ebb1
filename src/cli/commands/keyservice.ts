/** `tsops keyservice`: lets others use the keys of this machine until a signal ends it. */

import { randomBytes } from 'node:crypto';
import { TsopsError } from '../../errors.ts';
import { takeSignals } from '../../host/signals.ts';
import { askVisibly, say } from '../../host/terminal.ts';
import { type MasterKey, masterKeyText, serveKeys, systemContext } from '../../index.ts';
import type { Call } from '../call.ts';
import { configuredAddresses } from '../configuration.ts';
import { timeoutOf } from '../keyservices.ts';
import { escapeControls, type Report } from '../report.ts';

export async function run(call: Call): Promise<void> {
  const { flags, report } = call;
  if (flags.network === 'unix' && flags.address === undefined) {
    throw new TsopsError('USAGE', 'with --network unix the path of the socket is needed', {
      hints: ['Name it with --address, in a folder that only you can write to.'],
    });
  }
  if (flags.prompt && !say('Every use of a key is asked for here.')) {
    throw new TsopsError('USAGE', '--prompt needs a terminal to ask on, and there is none');
  }
  const ended = signal();
  const service = await serveKeys({
    network: flags.network === 'unix' ? 'unix' : 'tcp',
    address: flags.address ?? '127.0.0.1:5000',
    context: systemContext({ timeoutMs: timeoutOf(flags), trustedAddresses: () => configuredAddresses(call) }),
    random: randomBytes,
    approve: flags.prompt ? approve : undefined,
    onAnswer: ({ verb, key, failure }) => {
      if (failure === undefined) call.audit?.used(verb, [key]);
      note(report, verb, key, failure);
    },
    onExposed: () => report.warn(exposed),
  });
  report.tell(`Listening on ${service.address}; Ctrl-C ends it.`);
  await ended;
  service.close();
  call.audit?.ended(0);
  // A question that nobody has answered, or a program that is still asked, must not keep the process.
  process.exit(0);
}

const exposed =
  'other machines can reach this address: whoever does can use your keys, without a password, and reads data keys on the way';

function signal(): Promise<void> {
  return new Promise(settle => takeSignals(() => settle()));
}

type Verb = 'wrap' | 'unwrap';

const doing: Readonly<Record<Verb, string>> = { wrap: 'Encrypt', unwrap: 'Decrypt' };

/** Only a clear answer counts; the name comes from whoever asks, and must not command the terminal. */
async function approve(verb: Verb, key: MasterKey): Promise<boolean> {
  const question = `${doing[verb]} a data key with the key ${escapeControls(nameOf(key))}? (y/n) `;
  for (let tries = 0; tries < 3; tries += 1) {
    const answer = (await askVisibly(question))?.trim().toLowerCase();
    if (answer === undefined || answer === 'n' || answer === 'no') return false;
    if (answer === 'y' || answer === 'yes') return true;
  }
  return false;
}

const longest = 300;

function nameOf(key: MasterKey): string {
  const text = masterKeyText(key);
  return `${key.kind} ${text.length > longest ? `${text.slice(0, longest)}…` : text}`;
}

function note(report: Report, verb: Verb, key: MasterKey, failure: string | undefined): void {
  report.note(`${verb} with ${nameOf(key)}: ${failure ?? 'done'}`);
}
