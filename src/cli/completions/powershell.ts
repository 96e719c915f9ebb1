/** The completion of PowerShell, from 5.1 on. Where it has nothing to say, PowerShell completes the names of files. */

import type { Flag } from '../flags.ts';
import {
  completedCommands,
  dashed,
  firstWords,
  flagsWithoutCommand,
  groupWords,
  secondWords,
  spellings,
  valueSpellings,
  whatOf,
  wordFlags,
} from './vocabulary.ts';

/** @param program the name that is completed */
export function powershellScript(program: string): string {
  const tables: Readonly<Record<string, readonly string[]>> = {
    flags: [
      flagLine('', flagsWithoutCommand()),
      flagLine('file', flagsWithoutCommand()),
      ...completedCommands().map(({ name, flags }) => flagLine(name, flags)),
    ],
    words: [
      wordLine('', firstWords()),
      ...groupWords().map(word => wordLine(word, secondWords(word))),
      ...completedCommands().flatMap(({ name, words }) => (words.length > 0 ? [wordLine(name, words)] : [])),
    ],
    values: wordFlags().flatMap(flag => spellings(flag).map(text => wordLine(text, flag.words ?? []))),
    what: [
      ...firstWords().map(word => `${quoted(word)} = ${quoted(whatOf(word))}`),
      ...new Set(
        [...flagsWithoutCommand(), ...completedCommands().flatMap(({ flags }) => flags)].map(
          ({ name, what }) => `${quoted(dashed(name))} = ${quoted(what)}`,
        ),
      ),
    ],
  };
  const declared = Object.entries(tables).map(([name, lines]) => hashTable(name, lines));
  return `# Completion of ${program} for PowerShell. Load it with: ${program} completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName ${program} -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
${declared.join('\n')}
    $takesValue = ${list(valueSpellings())}
    $groups = ${list(groupWords())}
${searching}
}
`;
}

/** The same search as in bash: the command of the line, then flags, words of a value, or words of an operand. */
const searching = `    $command = ''
    $operands = 0
    $previous = ''
    $before = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text })
    foreach ($word in $before) {
        $isValue = $previous -ne '' -and $takesValue -ccontains $previous
        $previous = ''
        if ($isValue) { continue }
        if ($word -eq '--') { $operands = 1; if ($command -eq '') { $command = 'file' }; break }
        if ($word -match '^-' ) {
            if ($word -notmatch '=') { $previous = $word -replace '^--?', '' }
            continue
        }
        if ($command -eq '') {
            if ($words[''] -ccontains $word) { $command = $word } else { $command = 'file'; $operands = 1 }
        } elseif ($groups -ccontains $command) { $command = "$command $word" } else { $operands += 1 }
    }
    $prefix = ''
    $found = @()
    if ($command -eq 'run' -and $operands -gt 0) { return }
    if ($wordToComplete -match '^(--?([^=]+)=)(.*)$') {
        $prefix = $Matches[1]
        $found = $values[$Matches[2]]
    } elseif ($previous -ne '' -and $takesValue -ccontains $previous) {
        $found = $values[$previous]
    } elseif ($wordToComplete -like '-*') {
        $found = $flags[$command]
    } elseif ($operands -eq 0) {
        $found = $words[$command]
    }
    $found | Where-Object { $_ -and "$prefix$_".StartsWith($wordToComplete, [StringComparison]::Ordinal) } | ForEach-Object {
        $tip = if ($what.ContainsKey($_)) { $what[$_] } else { $_ }
        [System.Management.Automation.CompletionResult]::new("$prefix$_", $_, 'ParameterValue', $tip)
    }`;

/** Keys of a hash table in PowerShell do not tell cases apart, and neither do names of commands and flags of ours. */
function hashTable(name: string, lines: readonly string[]): string {
  return `    $${name} = @{\n${lines.map(line => `        ${line}`).join('\n')}\n    }`;
}

const flagLine = (name: string, flags: readonly Flag[]): string =>
  wordLine(
    name,
    flags.map(flag => dashed(flag.name)),
  );

const wordLine = (name: string, words: readonly string[]): string => `${quoted(name)} = ${list(words)}`;

const list = (words: readonly string[]): string => `@(${words.map(quoted).join(', ')})`;

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
