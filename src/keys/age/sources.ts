/**
 * Where the identities of a run come from: sops 3.13.2 age/keysource.go loadIdentities. All places are used together. Those that
 * cost nothing come first; a command or a plugin runs, and a passphrase is asked for, only when nothing before opened the key.
 */

import { join } from 'node:path';
import { TsopsError } from '../../errors.ts';
import { printable } from '../printable.ts';
import type { KeyContext } from '../provider.ts';
import type { Identity } from './file.ts';
import { type IdentitySource, type IdentityText, parseIdentities, unlockIdentities } from './identities.ts';

/** One place and what it gave. */
export interface Batch {
  /** The name of the place for people: a variable, a path. */
  readonly place: string;
  readonly identities: readonly Identity[];
  readonly problems: readonly string[];
  /** Whether there was anything at all. */
  readonly found: boolean;
  /** Whether it is a place for SSH keys. */
  readonly ssh: boolean;
}

interface Loaded extends Omit<Batch, 'ssh'> {
  readonly locked?: IdentityText['locked'];
}

/** Passphrases that are asked for before a locked file is given up. */
const maxTries = 3;

/**
 * The places in order, each loaded when it is asked for and once a run.
 * @param wanted what the wrapped key is for. Only for an SSH key are SSH keys looked for, and only for another recipient is
 *   anybody asked for the passphrase of an identity file.
 */
export async function* identityBatches(
  context: KeyContext,
  recipient: string,
  { ssh, native }: { readonly ssh: boolean; readonly native: boolean },
): AsyncGenerator<Batch> {
  const later: Batch[] = [];
  const locked: Loaded[] = [];
  for await (const batch of loadedPlaces(context, recipient, ssh)) {
    const { identities } = batch;
    if (batch.locked !== undefined) locked.push(batch);
    else yield { ...batch, identities: identities.filter(identity => !identity.asks) };
    const asking = identities.filter(identity => identity.asks);
    if (asking.length > 0) later.push({ ...batch, identities: asking, problems: [] });
  }
  yield* later;
  for (const loaded of native ? locked : []) {
    const opened = await once(context, `locked ${loaded.place}`, () => unlock(context, loaded));
    yield { ...opened, ssh: false };
  }
}

async function* loadedPlaces(context: KeyContext, recipient: string, ssh: boolean): AsyncGenerator<Loaded & Batch> {
  for (const { id, load, ssh: isSsh } of staticPlaces(context, ssh))
    for (const loaded of await once(context, id, load)) yield { ...loaded, ssh: isSsh };
  for await (const loaded of commandBatches(context, recipient, ssh))
    yield { ...loaded, ssh: loaded.place === sshCommand };
}

interface Place {
  readonly id: string;
  readonly ssh: boolean;
  load(): Promise<readonly Loaded[]>;
}

const sshCommand = 'SOPS_AGE_SSH_PRIVATE_KEY_CMD';

/** Everything that is at hand without running a program. */
function staticPlaces(context: KeyContext, ssh: boolean): Place[] {
  if (context.ageIdentities !== undefined) return [{ id: 'given', ssh: false, load: () => loadGiven(context) }];
  const { configDir } = context;
  const keyFiles = configDir === undefined ? [] : [join(configDir, 'sops', 'age', 'keys.txt')];
  return [
    place('SOPS_AGE_KEY', () => loadVariable(context)),
    place('SOPS_AGE_KEY_FILE', () => loadNamedFile(context, 'SOPS_AGE_KEY_FILE')),
    ...keyFiles.map(path => place(path, () => loadFile(context, path, printable(path)))),
    ...(ssh ? sshPlaces(context) : []),
  ];
}

function sshPlaces(context: KeyContext): Place[] {
  const { homeDir } = context;
  const files = homeDir === undefined ? [] : ['id_ed25519', 'id_rsa'].map(name => join(homeDir, '.ssh', name));
  const variable = 'SOPS_AGE_SSH_PRIVATE_KEY_FILE';
  return [
    place(variable, () => loadNamedFile(context, variable), true),
    ...files.map(path => place(path, () => loadFile(context, path, printable(path)), true)),
  ];
}

function place(id: string, load: () => Promise<Loaded>, ssh = false): Place {
  return { id, ssh, load: async () => [await load()] };
}

/**
 * A command is told the recipient and may print the one identity for it, so it runs once for each. What it printed for
 * others comes first: most commands print the same every time.
 */
async function* commandBatches(context: KeyContext, recipient: string, ssh: boolean): AsyncGenerator<Loaded> {
  if (context.ageIdentities !== undefined) return;
  const earlier = await once(context, 'printed', async (): Promise<Loaded[]> => []);
  yield* [...earlier];
  for (const name of ['SOPS_AGE_KEY_CMD', ...(ssh ? [sshCommand] : [])]) {
    yield await once(context, `${name} ${recipient}`, async () => {
      const loaded = await loadCommand(context, name, recipient);
      if (loaded.identities.length > 0) earlier.push(loaded);
      return loaded;
    });
  }
}

function once<T>(context: KeyContext, id: string, load: () => Promise<T>): Promise<T> {
  const key = `age ${id}`;
  const running = context.once.get(key) as Promise<T> | undefined;
  if (running !== undefined) return running;
  const started = load();
  context.once.set(key, started);
  return started;
}

async function loadGiven(context: KeyContext): Promise<readonly Loaded[]> {
  const texts = context.ageIdentities ?? [];
  return Promise.all(
    texts.map((text, index) =>
      loadText(context, Buffer.from(text, 'utf8'), texts.length > 1 ? `identity ${index + 1}` : 'identities'),
    ),
  );
}

async function loadVariable(context: KeyContext): Promise<Loaded> {
  const value = context.env('SOPS_AGE_KEY');
  return value === undefined ? notFound('SOPS_AGE_KEY') : loadText(context, Buffer.from(value, 'utf8'), 'SOPS_AGE_KEY');
}

async function loadNamedFile(context: KeyContext, name: string): Promise<Loaded> {
  const path = context.env(name);
  if (path === undefined) return notFound(name);
  if (path === '') return failed(name, 'it is set but empty');
  const label = `${name} (${printable(path)})`;
  const loaded = await loadFile(context, path, label);
  if (loaded.found || loaded.problems.length > 0) return loaded;
  const why = path.startsWith('~')
    ? 'the file does not exist (only a shell turns ~ into the home folder)'
    : 'the file does not exist';
  return failed(label, why);
}

async function loadFile(context: KeyContext, path: string, label: string): Promise<Loaded> {
  try {
    const content = await context.readFile(path);
    if (content === undefined) return notFound(label);
    return await loadText(context, content, label, () => context.readFile(`${path}.pub`));
  } catch (error) {
    return failed(label, error instanceof TsopsError ? error.message : 'the file cannot be read');
  }
}

async function loadCommand(context: KeyContext, name: string, recipient: string): Promise<Loaded> {
  const command = context.env(name);
  if (command === undefined) return notFound(name);
  if (context.run === undefined) return failed(name, 'no command may be run here');
  const [program, ...args] = await splitWords(command);
  if (program === undefined) return failed(name, 'it is empty or has a quote that is not closed');
  const { status, stdout } = await context.run(program, args, { env: { SOPS_AGE_RECIPIENT: recipient } });
  if (status === 127) return failed(name, 'its program was not found or cannot be started');
  if (status === null)
    return failed(
      name,
      `the command did not end within ${context.timeoutMs / 1000} seconds, printed too much, or was killed`,
    );
  if (status !== 0) return failed(name, `the command failed with exit status ${status}`);
  return loadText(context, stdout, name);
}

async function splitWords(command: string): Promise<string[]> {
  const { splitCommand } = await import('../../host/process.ts');
  try {
    return splitCommand(command);
  } catch {
    return [];
  }
}

async function loadText(
  context: KeyContext,
  content: Uint8Array,
  label: string,
  readPublicKey?: IdentitySource['readPublicKey'],
): Promise<Loaded> {
  const source = { context, place: label, ...(readPublicKey === undefined ? {} : { readPublicKey }) };
  const parsed = await parseIdentities(content, source);
  if (parsed.identities.length + parsed.problems.length > 0 || parsed.locked !== undefined)
    return { ...parsed, place: label, found: true };
  return failed(label, 'it holds no identity');
}

async function unlock(context: KeyContext, loaded: Loaded): Promise<Loaded> {
  const { place: label, locked } = loaded;
  if (context.askSecret === undefined || locked === undefined)
    return failed(label, 'it is protected by a passphrase, and there is nobody to ask');
  for (let tries = 0; tries < maxTries; tries++) {
    const passphrase = await context.askSecret(`Passphrase for ${label}: `);
    if (passphrase === undefined) return failed(label, 'it is protected by a passphrase, and none was given');
    const opened = await unlockIdentities(locked, passphrase, context);
    if (opened !== undefined) return { ...opened, place: label, found: true };
  }
  return failed(label, 'the passphrase was wrong');
}

function notFound(label: string): Loaded {
  return { place: label, identities: [], problems: [], found: false };
}

function failed(label: string, why: string): Loaded {
  return { place: label, identities: [], problems: [why], found: true };
}
