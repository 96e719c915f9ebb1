/** The completion of zsh, by its _arguments. */

import type { Flag } from '../flags.ts';
import {
  type CompletedCommand,
  completedCommands,
  dashed,
  firstWords,
  flagsWithoutCommand,
  groupWords,
  spellings,
  takesValue,
  whatOf,
} from './vocabulary.ts';

/** @param program the name that is completed */
export function zshScript(program: string): string {
  const groups = groupWords().map(word => groupCase(program, word));
  const single = completedCommands().filter(({ name }) => !name.includes(' '));
  return `#compdef ${program}
# Completion of ${program} for zsh. Put it into a file _${program} in a folder of $fpath, or load it with: source <(${program} completion zsh)
_${program}() {
  local curcontext=$curcontext state line
  local -a listed
  typeset -A opt_args
  _arguments -C ${flagsWithoutCommand().map(flagSpec).join(' ')} '1: :->command' '*:: :->rest'
  case $state in
    command)
      listed=(
${firstWords()
  .map(word => `        ${described(word, whatOf(word))}`)
  .join('\n')}
      )
      _describe -t commands command listed
      _files
      ;;
    rest)
      case $words[1] in
${[...groups, ...single.map(commandCase)].join('\n')}
        *) _arguments ${flagsWithoutCommand().map(flagSpec).join(' ')} '*:file:_files' ;;
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _${program} ]]; then
  _${program} "$@"
else
  compdef _${program} ${program}
fi
`;
}

function groupCase(program: string, word: string): string {
  const commands = completedCommands().filter(({ name }) => name.startsWith(`${word} `));
  const seconds = commands.map(({ name, what }) => described(name.slice(word.length + 1), what));
  return `        ${word})
          _arguments -C '1: :->second' '*:: :->third'
          case $state in
            second)
              listed=(${seconds.join(' ')})
              _describe -t commands '${program} ${word}' listed
              ;;
            third)
              case $words[1] in
${commands.map(command => `    ${commandCase({ ...command, name: command.name.slice(word.length + 1) })}`).join('\n')}
              esac
              ;;
          esac
          ;;`;
}

function commandCase({ name, flags, words }: CompletedCommand): string {
  const operands = words.length > 0 ? `'1:word:(${words.join(' ')})'` : `'*:file:_files'`;
  const foreign = name === 'run' ? `'*::: :_normal'` : operands;
  return `        ${name}) _arguments ${[...flags.map(flagSpec), foreign].join(' ')} ;;`;
}

/** One flag as _arguments reads it, with its spellings: `'(-o --output)'{-o,--output=}'[what]:FILE:_files'`. */
function flagSpec(flag: Flag): string {
  const isLong = (spelling: string): boolean => spelling.length > 1;
  const forms = spellings(flag).map(text => `${dashed(text)}${takesValue(flag) && isLong(text) ? '=' : ''}`);
  const what = `[${flag.what.replace(/[[\]\\]/g, '\\$&')}]${takesValue(flag) ? valueSpec(flag) : ''}`;
  const repeats = flag.kind === 'list' ? '*' : '';
  if (forms.length === 1) return quoted(`${repeats}${forms[0]}${what}`);
  const excluded = repeats === '' ? `(${spellings(flag).map(dashed).join(' ')})` : repeats;
  return `${quoted(excluded)}{${forms.join(',')}}${quoted(what)}`;
}

function valueSpec({ value, words }: Flag): string {
  const name = (value ?? 'VALUE').replaceAll(':', '\\:');
  if (words !== undefined) return `:${name}:(${words.join(' ')})`;
  return `:${name}:${value === 'FILE' ? '_files' : ''}`;
}

const described = (word: string, what: string): string => quoted(`${word}:${what}`);

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
