import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, test } from 'node:test';
import { filesBelow, filesOfGlob, isGlob, ownFilesBelow } from './walk.ts';

const root = fs.mkdtempSync(join(tmpdir(), 'walk ü '));
after(() => fs.rmSync(root, { recursive: true, force: true }));

function put(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(dirname(join(root, name)), { recursive: true });
    fs.writeFileSync(join(root, name), text);
  }
}

put({
  '.git/HEAD': 'ref: refs/heads/main\n',
  '.git/info/exclude': '*.local\n',
  '.gitignore': 'build/\n*.log\n!keep.log\n/only-here.yaml\n',
  'a.yaml': '',
  'a.log': '',
  'keep.log': '',
  'x.local': '',
  'only-here.yaml': '',
  'build/out.yaml': '',
  'node_modules/m/index.json': '',
  'env/.gitignore': '*\n!*.yaml\n!.gitignore\n',
  'env/prod.yaml': '',
  'env/notes.txt': '',
  'env/.env': '',
  'env/only-here.yaml': '',
});
fs.symlinkSync('a.yaml', join(root, 'link.yaml'));

const names = (files: readonly string[]) => files.map(file => relative(root, file));

test('every file, or those that git would look at', async () => {
  const own = ['.gitignore', 'a.yaml', 'env/.gitignore', 'env/only-here.yaml', 'env/prod.yaml', 'keep.log'];
  assert.deepEqual(names(await ownFilesBelow(root)), own);
  const more = ['a.log', 'build/out.yaml', 'env/.env', 'env/notes.txt', 'only-here.yaml', 'x.local'];
  assert.deepEqual(names(filesBelow(root)).sort(), [...own, ...more].sort());
});

test('patterns of the folders above count, but not against a folder that was named', async () => {
  assert.deepEqual(names(await ownFilesBelow(join(root, 'env'))), own('env'));
  assert.deepEqual(names(await ownFilesBelow(join(root, 'build'))), ['build/out.yaml']);
  function own(folder: string) {
    return ['.gitignore', 'only-here.yaml', 'prod.yaml'].map(name => `${folder}/${name}`);
  }
});

for (const [glob, found] of [
  ['*.yaml', ['a.yaml']],
  ['**/*.yaml', ['a.yaml', 'env/only-here.yaml', 'env/prod.yaml']],
  ['env/{prod,dev}.yaml', ['env/prod.yaml']],
  ['e?v/p*', ['env/prod.yaml']],
  ['nothing/*.yaml', []],
] as const) {
  test(`the glob ${glob}`, async () => {
    assert.ok(isGlob(glob));
    assert.deepEqual(names(await filesOfGlob(join(root, glob))), found);
  });
}
