// Writes docs/cli.md from the table of flags and docs/errors.md from the table of errors; with --check it only compares.

import { readFileSync, writeFileSync } from 'node:fs';
import { commands } from '../../src/cli/commands.ts';
import { flags } from '../../src/cli/flags.ts';
import { describeFlag } from '../../src/cli/help.ts';
import { errorKinds } from '../../src/errors.ts';
import { exitRows } from '../exits.ts';

const notice = '<!-- Written by testdata/scripts/docs.mjs; change the table it comes from instead. -->';
const cell = text => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

function flagRow(name) {
  const flag = flags.get(name);
  const value = { boolean: '', switch: '[=false]' }[flag.kind] ?? ` ${flag.value}`;
  const aliases = [...(flag.short ? [`-${flag.short}`] : []), ...(flag.alias ? [`--${flag.alias}`] : [])];
  const spellings = [...aliases, `--${name}`].map(text => `\`${text}${value}\``);
  return `| ${spellings.join(', ')} | ${cell(describeFlag(flag))} |`;
}

function commandSection(command) {
  const words = ['tsops', command.name, '[flags]', command.operands].filter(Boolean);
  const table = ['| flag | meaning |', '|---|---|', ...command.flags.map(flagRow)];
  const usage = ['```', words.join(' '), '```'];
  return [`## ${command.name}`, '', command.what, '', ...usage, '', ...table, '', ...exitTable(command.name), ''].join(
    '\n',
  );
}

/** Each way to end once; the rows themselves are run as tests. */
function exitTable(name) {
  const rows = [...(exitRows[name] ?? [])].filter(row => row.status !== 0).sort((a, b) => a.status - b.status);
  const lines = new Set(rows.map(row => `| ${row.status} | ${cell(row.what)} |`));
  return lines.size === 0 ? [] : ['| ends with | when |', '|---|---|', ...lines];
}

const cli = `# The command

${notice}

\`\`\`
tsops [command] [flags] [file]
tsops FILE          the same as tsops edit FILE
tsops -d FILE       the same as tsops decrypt FILE
tsops -e FILE       the same as tsops encrypt FILE
\`\`\`

Flags may stand before the command, before the file or after it, with one dash or two (\`-in-place\`, \`--i\`). A value follows as the next
argument or after \`=\`; booleans take \`=true\` and \`=false\`. What follows \`--\` is a file, whatever it looks like. A file called \`-\`, and
no file at all for encrypt and decrypt, is standard input. Where a variable stands in brackets, it sets the flag that is not given.
\`tsops --version\` shows the version and makes no request; \`tsops help COMMAND\` shows this page's part on a command.

Results go to standard output, messages to standard error. Exit statuses are listed in [errors.md](errors.md).

${commands.map(commandSection).join('\n')}`;

const rows = Object.entries(errorKinds).map(
  ([code, kind]) => `| \`${code}\` | ${kind.exitStatus} | ${cell(kind.meaning)} |`,
);
const errors = `# Errors and exit statuses

${notice}

The command ends with 0 when all went well, else with the status of the error, which is the one that sops 3.13.2 uses. The
library throws a \`TsopsError\` with the code. In a few places sops tells two situations of one code apart by the status; tsops then
gives the same status: an encrypted file that does not parse ends with 1, not 2, and keys that fail for a new file in \`edit\` end
with 128. A process that a signal ends reports that signal to its parent.

| code | status | meaning |
|---|---|---|
${rows.join('\n')}
`;

const stale = [];
for (const [name, text] of [
  ['cli.md', cli],
  ['errors.md', errors],
]) {
  const url = new URL(`../../docs/${name}`, import.meta.url);
  if (process.argv.includes('--check')) {
    if (current(url) !== text) stale.push(`docs/${name}`);
  } else {
    writeFileSync(url, text);
  }
}

function current(url) {
  try {
    return readFileSync(url, 'utf8');
  } catch {
    return undefined;
  }
}

if (stale.length > 0) {
  console.error(`not current: ${stale.join(', ')}; run "npm run docs"`);
  process.exitCode = 1;
}
