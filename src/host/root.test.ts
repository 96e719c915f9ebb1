import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TsopsError } from '../errors.ts';
import { readFileBounded } from './files.ts';
import { confined, openConfined } from './root.ts';

const base = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'tsops root ö ')));
const root = join(base, 'root');
after(() => fs.rmSync(base, { recursive: true }));

fs.mkdirSync(join(root, 'folder', 'deep'), { recursive: true });
fs.mkdirSync(join(base, 'root-beside'));
fs.mkdirSync(join(base, 'out'));
for (const name of ['root/a', 'root/folder/b', 'root/..c', 'root-beside/x', 'out/secret'])
  fs.writeFileSync(join(base, name), name);
const links = {
  'root/inner': 'folder/b',
  'root/inner-folder': 'folder/deep',
  'root/outer': '../out/secret',
  'root/outer-absolute': join(base, 'out', 'secret'),
  'root/outer-folder': '../out',
  'root/dangling': '../out/later',
  'root/chain': 'outer-folder/secret',
  'root/loop': 'loop',
  'way-in': 'root',
};
const noLinks = process.platform === 'win32' ? 'links need rights on Windows' : false;
if (!noLinks) for (const [name, target] of Object.entries(links)) fs.symlinkSync(target, join(base, name));

const outside = (error: unknown): boolean => error instanceof TsopsError && error.code === 'OUTSIDE_ROOT';

test('what is in the root, also by way of links and ..', { skip: noLinks }, () => {
  for (const [path, real] of [
    ['', root],
    ['a', join(root, 'a')],
    ['folder/../a', join(root, 'a')],
    ['../root/a', join(root, 'a')],
    ['../way-in/a', join(root, 'a')],
    ['..c', join(root, '..c')],
    ['inner', join(root, 'folder', 'b')],
    ['inner-folder/../b', join(root, 'folder', 'b')],
    ['new', join(root, 'new')],
    ['inner-folder/new/newer', join(root, 'folder', 'deep', 'new', 'newer')],
  ] as const) {
    assert.equal(confined(join(root, '.').concat('/', path), root), real, path);
    assert.equal(confined(`${root}/${path}`, join(base, 'way-in')), real, path);
  }
});

test('what leads out', { skip: noLinks }, async t => {
  for (const path of [
    '..',
    '../out/secret',
    '../root-beside/x',
    'folder/../../out/secret',
    'outer',
    'outer-absolute',
    'outer-folder',
    'outer-folder/secret',
    'outer-folder/not-there',
    // The system goes to the link first and up from there.
    'outer-folder/../root-beside/x',
    'chain',
    'dangling',
    'dangling/x',
    '../not-there',
    'not-there/../../out/secret',
    'not-there/../outer',
    'a/../../out/secret',
  ])
    await t.test(path, async () => {
      assert.throws(() => confined(`${root}/${path}`, root), outside);
      await assert.rejects(readFileBounded(`${root}/${path}`, { root }), outside);
    });
  assert.throws(() => confined('/etc/passwd', root), outside);
  await assert.rejects(readFileBounded('/dev/stdin', { root }), outside);
});

test('a relative path is one of the working directory', () => {
  assert.equal(confined('package.json', '.'), fs.realpathSync('package.json'));
  assert.throws(() => confined('../x', '.'), outside);
  assert.throws(() => confined('package.json', root), outside);
});

test('reading', { skip: noLinks }, async () => {
  assert.equal(Buffer.from(await readFileBounded(join(root, 'inner'), { root })).toString(), 'root/folder/b');
  await assert.rejects(readFileBounded(join(root, 'nope'), { root }), { code: 'FILE_MISSING' });
  await assert.rejects(readFileBounded(join(root, 'folder'), { root }), { code: 'FILE_UNREADABLE' });
  await assert.rejects(readFileBounded(join(root, 'loop'), { root }), { code: 'FILE_UNREADABLE' });
  for (const bad of [join(base, 'nope'), join(root, 'a')])
    await assert.rejects(readFileBounded(join(root, 'a'), { root: bad }), { code: 'FILE_UNREADABLE' });
});

/** Another thread exchanges a folder for a link to one outside, again and again, while files are opened. */
const noRace = process.platform === 'linux' ? false : 'only Linux tells where an opened file is';
test('a link that comes between the check and the opening is no way out', { skip: noRace }, async () => {
  const place = join(base, 'race');
  fs.mkdirSync(join(place, 'in', 'folder'), { recursive: true });
  fs.writeFileSync(join(place, 'in', 'folder', 'secret'), 'inside');
  const { Worker } = await import('node:worker_threads');
  const code = `const fs = require('node:fs');
    fs.symlinkSync(${JSON.stringify(join(base, 'out'))}, 'LINK');
    require('node:worker_threads').parentPort.postMessage('ready');
    for (;;) {
      fs.renameSync('DIR', 'ASIDE'); fs.renameSync('LINK', 'DIR');
      fs.renameSync('DIR', 'LINK'); fs.renameSync('ASIDE', 'DIR');
    }`
    .replaceAll(`'DIR'`, JSON.stringify(join(place, 'in', 'folder')))
    .replaceAll(`'ASIDE'`, JSON.stringify(join(place, 'in', 'aside')))
    .replaceAll(`'LINK'`, JSON.stringify(join(place, 'in', 'link')));
  const worker = new Worker(code, { eval: true });
  await new Promise(resolve => worker.once('message', resolve));
  const seen = new Map<string, number>();
  for (const end = Date.now() + 1500; Date.now() < end; ) {
    const outcome = tried(join(place, 'in', 'folder', 'secret'), join(place, 'in'));
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
  }
  await worker.terminate();
  assert.equal(seen.get('out/secret'), undefined);
  assert.ok((seen.get('inside') ?? 0) > 0, JSON.stringify([...seen]));
});

function tried(file: string, folder: string): string {
  try {
    const descriptor = openConfined(file, folder);
    try {
      return fs.readFileSync(descriptor, 'utf8');
    } finally {
      fs.closeSync(descriptor);
    }
  } catch (error) {
    return String((error as { code?: string }).code);
  }
}
