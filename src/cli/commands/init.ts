/** `tsops init`: an identity where there is none, and a .sops.yaml for this repository. What is there already is never touched. */

import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { TsopsError } from '../../errors.ts';
import { configDir, currentDir } from '../../host/directories.ts';
import { env } from '../../host/environment.ts';
import { exists, readOptionalFile } from '../../host/files.ts';
import { createFile, makeFolder } from '../../host/replace.ts';
import { askSecret } from '../../host/terminal.ts';
import { generateIdentity, recipientsOfIdentities } from '../../index.ts';
import type { Call } from '../call.ts';
import type { Report } from '../report.ts';

export async function run({ flags, report }: Call): Promise<void> {
  const configFile = join(repositoryRoot(currentDir()), '.sops.yaml');
  const recipients = await ownRecipients(identityFile(), flags.pq ?? false, report);
  if (exists(configFile)) {
    report.tell(`${configFile} is there already and was left as it is. Your recipients: ${recipients.join(', ')}`);
    return;
  }
  await createFile(configFile, new TextEncoder().encode(configText(recipients)), { secret: false });
  report.tell(`${configFile} was made: files in this folder and below are encrypted for ${recipients.join(', ')}`);
  report.tell('Next: tsops edit secrets.yaml, or tsops encrypt -i FILE for a file that you have. Commit .sops.yaml.');
}

/** The folder that holds the git repository, else the current folder. */
function repositoryRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (exists(join(folder, '.git'))) return folder;
    if (dirname(folder) === folder) return start;
  }
}

/** The file in which decrypting looks for identities too: sops 3.13.2 age/keysource.go. */
function identityFile(): string {
  const named = env('SOPS_AGE_KEY_FILE');
  if (named) return named;
  const folder = configDir();
  if (folder !== undefined) return join(folder, 'sops', 'age', 'keys.txt');
  throw new TsopsError('FILE_UNWRITABLE', 'there is no home folder to keep an identity in', {
    hints: ['Name a file for it in SOPS_AGE_KEY_FILE.'],
  });
}

async function ownRecipients(path: string, postQuantum: boolean, report: Report): Promise<readonly string[]> {
  const content = await readOptionalFile(path);
  if (content === undefined) return [await newIdentity(path, postQuantum, report)];
  const { recipients, problems } = await recipientsOfIdentities(content, askSecret);
  if (recipients.length > 0) {
    report.tell(`${path} has your identity already; it is used as it is.`);
    return recipients;
  }
  throw new TsopsError('KEY_INVALID', ['the file holds no identity that can be used', ...problems].join(': '), {
    file: path,
    hints: ['Make another one with `tsops keygen -o FILE` and name it in SOPS_AGE_KEY_FILE.'],
  });
}

async function newIdentity(path: string, postQuantum: boolean, report: Report): Promise<string> {
  const identity = await generateIdentity({ postQuantum, now: new Date(), random: randomBytes });
  await makeFolder(dirname(path), { secret: true });
  await createFile(path, new TextEncoder().encode(identity.fileText), { secret: true });
  report.tell(`${path} was made: your secret identity. Keep a copy where nobody else can read it; never commit it.`);
  return identity.recipient;
}

function configText(recipients: readonly string[]): string {
  const list = (indent: string) => recipients.map(recipient => `${indent}- ${recipient}\n`).join('');
  return `# Which files are encrypted, for whom, and which of their values. tsops and sops read this file.
# The first rule whose path_regex matches a file counts; the path is the one from this folder, such as apps/web/secrets.yaml.
# "tsops rules test FILE" shows which rule a file gets.
creation_rules:
  # Kubernetes: only the values of a Secret, so that the rest stays readable.
  # - path_regex: ^k8s/.*\\.ya?ml$
  #   encrypted_regex: ^(data|stringData)$
  #   age:
${list('  #     ')}
  # Every other file: all values, for these recipients. Add a line for everybody who may decrypt, such as a colleague or
  # the CI; existing files do not change by that.
  - age:
${list('      ')}`;
}
