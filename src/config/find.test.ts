import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { type FindOptions, findConfig } from './find.ts';

const root = mkdtempSync(join(tmpdir(), 'tsops-find-'));
after(() => rmSync(root, { recursive: true }));

interface Scene {
  readonly files: readonly string[];
  readonly options: FindOptions;
  /** The path within the scene, and how it was found; undefined for nothing. */
  readonly expected: readonly [path: string, foundBy: string] | undefined;
  readonly warnings?: readonly RegExp[];
}

const scenes: Readonly<Record<string, Scene>> = {
  'the nearest from the working directory': {
    files: ['.sops.yaml', 'a/.sops.yaml', 'a/b/x'],
    options: { cwd: 'a/b', target: 'x' },
    expected: ['a/.sops.yaml', 'working directory'],
  },
  'the working directory before the target': {
    files: ['.sops.yaml', 'a/.sops.yaml', 'a/x.yaml'],
    options: { cwd: '.', target: 'a/x.yaml' },
    expected: ['.sops.yaml', 'working directory'],
  },
  'from the target where the working directory has none': {
    files: ['a/.sops.yaml', 'a/b/x.yaml', 'c/x'],
    options: { cwd: 'c', target: '../a/b/x.yaml' },
    expected: ['a/.sops.yaml', 'target'],
  },
  'the target need not exist': {
    files: ['a/.sops.yaml', 'c/x'],
    options: { cwd: 'c', target: '../a/b/c/x.yaml' },
    expected: ['a/.sops.yaml', 'target'],
  },
  'the option as it is, even where it does not exist': {
    files: ['.sops.yaml'],
    options: { cwd: '.', explicit: 'no/such.yml' },
    expected: ['no/such.yml', 'option'],
  },
  'an empty option is none': {
    files: ['.sops.yaml'],
    options: { cwd: '.', explicit: '' },
    expected: ['.sops.yaml', 'working directory'],
  },
  nothing: { files: ['x'], options: { cwd: '.', target: 'x' }, expected: undefined },
  '.sops.yml where there is nothing else': {
    files: ['.sops.yml', 'a/x'],
    options: { cwd: 'a' },
    expected: ['.sops.yml', 'working directory'],
    warnings: [/\.sops\.yml is used; sops reads only \.sops\.yaml$/],
  },
  '.sops.yml is ignored beside .sops.yaml, with one warning': {
    files: ['.sops.yaml', '.sops.yml', 'a/.sops.yml', 'a/x'],
    options: { cwd: 'a' },
    expected: ['.sops.yaml', 'working directory'],
    warnings: [/a[\\/]\.sops\.yml is ignored; .*\.sops\.yaml is used$/],
  },
  '.sops.yaml of the target before .sops.yml of the working directory': {
    files: ['c/.sops.yml', 'a/.sops.yaml'],
    options: { cwd: 'c', target: '../a/x' },
    expected: ['a/.sops.yaml', 'target'],
    warnings: [/is ignored/],
  },
  'a folder of that name is none': {
    files: ['.sops.yaml', 'a/.sops.yaml/x'],
    options: { cwd: 'a' },
    expected: ['.sops.yaml', 'working directory'],
  },
};

for (const [name, { files, options, expected, warnings = [] }] of Object.entries(scenes)) {
  test(`finds: ${name}`, async () => {
    const folder = mkdtempSync(join(root, 'scene-'));
    for (const file of files) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), '');
    }
    const found = await findConfig({ ...options, cwd: join(folder, options.cwd) });
    assert.deepEqual(found && [found.path, found.foundBy], expected && [join(folder, expected[0]), expected[1]]);
    assert.equal(found?.warnings.length ?? 0, warnings.length);
    for (const [index, warning] of warnings.entries()) assert.match(found?.warnings[index] ?? '', warning);
  });
}

test('finds through a symbolic link without resolving it', async () => {
  const folder = mkdtempSync(join(root, 'link-'));
  mkdirSync(join(folder, 'real/deep'), { recursive: true });
  writeFileSync(join(folder, '.sops.yaml'), '');
  writeFileSync(join(folder, 'real/.sops.yaml'), '');
  symlinkSync(join(folder, 'real/deep'), join(folder, 'link'));
  assert.equal((await findConfig({ cwd: join(folder, 'link') }))?.path, join(folder, '.sops.yaml'));
});

test('looks into a hundred folders and no further', async () => {
  const folder = mkdtempSync(join(root, 'deep-'));
  writeFileSync(join(folder, '.sops.yaml'), '');
  const below = (levels: number): string => join(folder, ...Array.from({ length: levels }, () => 'd'));
  assert.equal((await findConfig({ cwd: below(99) }))?.path, join(folder, '.sops.yaml'));
  assert.equal(await findConfig({ cwd: below(100) }), undefined);
});
