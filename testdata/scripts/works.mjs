// What the benchmark runs: for each work the programs that do it, and what has to be there before.

import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binaryFile, flatJson, nestedJson, smallFile, yamlFile } from './inputs.mjs';

/**
 * A work: `programs` by column (`npm`, `standalone`, `sops`), in as many `rounds`; the time of a column is `times` as long as what is
 * run, where that is a part; `memory` says whether the peak is taken too, and `before` makes things ready for each run, untimed.
 */
export async function worksOf(tools) {
  const { children, command, isQuick } = tools;
  writeFileSync(join(children.folder, 'empty.cjs'), '');
  const works = [
    { name: 'bare node', programs: { npm: [process.execPath, join(children.folder, 'empty.cjs')] } },
    both('--version', ['--version'], tools),
    both('--help', ['--help'], tools),
    ...ofFile('10-value YAML', 'yaml', smallFile, tools),
    ...ofFile('1,000-leaf YAML', 'yaml', yamlFile(1_000), tools),
    ...ofFile('10,000-leaf YAML', 'yaml', yamlFile(10_000), tools, { rounds: 5 }),
    ...ofFile('100,000-leaf YAML', 'yaml', yamlFile(100_000), tools, { rounds: 3, memory: true, noQuickSops: true }),
    ...ofFile('10,000-leaf JSON', 'json', nestedJson(10_000), tools, { rounds: 5 }),
    // Its time grows with the square of the keys in a sops.
    ...ofFile('20,000 flat JSON keys', 'json', flatJson(20_000), tools, {
      rounds: 5,
      sopsRounds: 1,
      noQuickSops: true,
    }),
    ...ofFile(`${binaryMegabytes} MB binary`, 'bin', binaryFile(binaryMegabytes), tools, { rounds: 5, memory: true }),
    ...manyFiles(isQuick ? 200 : 1_000, tools),
    hook(tools),
  ];
  const kms = await kmsWork(tools);
  return { works: kms === undefined ? works : [...works, kms.work], command, stop: kms?.stop ?? (async () => {}) };
}

const binaryMegabytes = 20;

function both(name, args, { command, standalone }) {
  return { name, programs: { npm: command(...args), ...(standalone && { standalone: [standalone, ...args] }) } };
}

/** Encrypting a file, and decrypting what that gave. */
function ofFile(name, ending, text, tools, { noQuickSops = false, sopsRounds, ...how } = {}) {
  const { children, command, recipient, isQuick } = tools;
  const stem = name.replaceAll(/[ ,]/g, '-');
  const [plain, sealed] = [join(children.folder, `${stem}.${ending}`), join(children.folder, `${stem}.enc.${ending}`)];
  writeFileSync(plain, text);
  const encrypting = ['encrypt', '--age', recipient, plain];
  writeFileSync(sealed, children.run(command(...encrypting)).stdout);
  const sops = isQuick && noQuickSops ? undefined : tools.sops;
  const work = (verb, args, rounds) => ({
    ...both(`${verb} ${name}`, args, tools),
    ...how,
    ...(sops && { sops: [sops, ...args], sopsRounds: rounds }),
  });
  return [work('encrypt', encrypting, sopsRounds), work('decrypt', ['decrypt', sealed], sopsRounds)].map(
    ({ sops: theirs, ...rest }) => ({
      ...rest,
      programs: { ...rest.programs, ...(theirs && { sops: theirs }) },
    }),
  );
}

/** How many of the files the loop of a sops goes over. */
const loopFiles = 100;

/** One call over a folder, beside two shell loops of a sops at once over a part of it. */
function manyFiles(count, tools) {
  const { children, command, standalone, sops, recipient } = tools;
  const cwd = join(children.folder, 'files');
  const names = Array.from({ length: count }, (_, index) => `${String(index).padStart(4, '0')}.yaml`);
  for (const tree of ['clear', 'many']) {
    mkdirSync(join(cwd, tree), { recursive: true });
    for (const name of names) writeFileSync(join(cwd, tree, name), smallFile);
  }
  writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - path_regex: /\n    age: ${recipient}\n`);
  writeFileSync(join(cwd, 'names.txt'), `${names.slice(0, loopFiles).join('\n')}\n`);
  children.run(command('encrypt', '-i', 'many'), { cwd });
  const fresh = () => {
    rmSync(join(cwd, 'fresh'), { recursive: true, force: true });
    cpSync(join(cwd, 'clear'), join(cwd, 'fresh'), { recursive: true });
  };
  const loop = (tree, ...args) => {
    const each = [sops, ...args].map(word => `'${word}'`).join(' ');
    return ['sh', '-c', `sed 's|^|${tree}/|' names.txt | xargs -P2 -n1 ${each} >/dev/null`];
  };
  const work = (name, args, theirs, before) => ({
    ...both(`${name} ${count} files`, args, { command, standalone }),
    ...{ rounds: 3, memory: true, before, cwd },
    ...(sops && { loop: theirs }),
  });
  const [decrypting, encrypting] = sops ? [loop('many', 'decrypt'), loop('fresh', 'encrypt', '-i')] : [];
  return [
    work('decrypt', ['decrypt', 'many'], decrypting),
    work('encrypt -i', ['encrypt', '-i', 'fresh'], encrypting, fresh),
    work('check', ['check', 'many'], decrypting),
    work('updatekeys --dry-run', ['updatekeys', '--dry-run', 'many'], decrypting),
  ].map(({ loop: theirs, ...rest }) => ({
    ...rest,
    sopsTimes: count / loopFiles,
    programs: { ...rest.programs, ...(theirs && { sops: theirs }) },
  }));
}

/** A commit of a hundred encrypted files is checked. */
function hook(tools) {
  const { children, command, recipient } = tools;
  const cwd = join(children.folder, 'repository');
  mkdirSync(cwd);
  const git = (...args) => children.run(['git', '-c', 'user.name=b', '-c', 'user.email=b@b.invalid', ...args], { cwd });
  git('init', '-q');
  writeFileSync(join(cwd, '.sops.yaml'), `creation_rules:\n  - path_regex: sec/\n    age: ${recipient}\n`);
  git('add', '.');
  git('commit', '-q', '-m', 'rule');
  mkdirSync(join(cwd, 'sec'));
  for (let n = 0; n < 100; n++) writeFileSync(join(cwd, 'sec', `${n}.yaml`), smallFile);
  children.run(command('encrypt', '-i', 'sec'), { cwd });
  git('add', '.');
  return { ...both('hook run, 100 staged files', ['hook', 'run'], tools), cwd };
}

/** A file that AWS KMS opens, as moto plays it; undefined where there is no moto. */
async function kmsWork(tools) {
  const { motoProgram, startMoto, kmsRequest } = await import('../servers/moto.ts');
  if (motoProgram === undefined) return undefined;
  const { children, command } = tools;
  const moto = await startMoto(motoProgram);
  const { KeyMetadata } = await kmsRequest(moto.endpoint, 'us-east-1', 'CreateKey', {});
  const env = { AWS_ENDPOINT_URL: moto.endpoint, AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'test' };
  const [plain, sealed] = [join(children.folder, 'kms.yaml'), join(children.folder, 'kms.enc.yaml')];
  writeFileSync(plain, smallFile);
  writeFileSync(sealed, children.run(command('encrypt', '--kms', KeyMetadata.Arn, plain), { env }).stdout);
  const work = { ...both('decrypt with AWS KMS (moto)', ['decrypt', sealed], tools), env };
  return { work, stop: () => moto.stop() };
}
