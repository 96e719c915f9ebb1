/** The completion of bash, from 3.2 (macOS) on. Where it has nothing to say, bash completes the names of files. */

import {
  completedCommands,
  dashed,
  firstWords,
  flagsWithoutCommand,
  groupWords,
  secondWords,
  spellings,
  valueSpellings,
  wordFlags,
} from './vocabulary.ts';

/** @param program the name that is completed */
export function bashScript(program: string): string {
  return `# Completion of ${program} for bash. Load it with: source <(${program} completion bash)
_${program}_takes_value() {
  local name=\${1#-}
  name=\${name#-}
  case $name in
    ${valueSpellings().join('|')}) return 0 ;;
  esac
  return 1
}

# The command of the line: empty where there is none yet, "file" where a file stands in its place.
_${program}_command() {
  local i word
  command= operands=0
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case $word in
      --) operands=1; command=\${command:-file}; return ;;
      =) ((i++)); continue ;;
      -*=*) continue ;;
      -?*)
        if _${program}_takes_value "$word"; then
          [[ \${COMP_WORDS[i + 1]} == "=" ]] && ((i++))
          ((i++))
        fi
        continue
        ;;
    esac
    case $command in
      '')
        case $word in
          ${firstWords().join('|')}) command=$word ;;
          *) command=file operands=1 ;;
        esac
        ;;
      ${groupWords().join('|') || 'none'}) command="$command $word" ;;
      *) ((operands++)) ;;
    esac
  done
}

_${program}_complete() {
  local cur prev name words= command operands
  COMPREPLY=()
  cur=\${COMP_WORDS[COMP_CWORD]}
  prev=\${COMP_WORDS[COMP_CWORD - 1]}
  # Bash takes --flag=value for three words.
  if [[ $cur == "=" ]]; then
    cur=
  elif [[ $prev == "=" ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  _${program}_command
  # Behind the program that is run, everything is its own.
  [[ $command == run && $operands -gt 0 ]] && return
  if [[ $prev == -?* && $prev != -- ]] && _${program}_takes_value "$prev"; then
    name=\${prev#-}
    case \${name#-} in
${wordFlags()
  .map(flag => `      ${spellings(flag).join('|')}) words='${flag.words?.join(' ')}' ;;`)
  .join('\n')}
      *) return ;;
    esac
  elif [[ $cur == -* ]]; then
    case $command in
      ''|file) words='${names(flagsWithoutCommand())}' ;;
${completedCommands()
  .filter(({ flags }) => flags.length > 0)
  .map(({ name, flags }) => `      '${name}') words='${names(flags)}' ;;`)
  .join('\n')}
    esac
  elif [[ $operands -eq 0 ]]; then
    case $command in
      '') words='${firstWords().join(' ')}' ;;
${groupWords()
  .map(word => `      ${word}) words='${secondWords(word).join(' ')}' ;;`)
  .join('\n')}
${completedCommands()
  .filter(({ words }) => words.length > 0)
  .map(({ name, words }) => `      '${name}') words='${words.join(' ')}' ;;`)
  .join('\n')}
    esac
  fi
  [[ -n $words ]] && COMPREPLY=($(compgen -W "$words" -- "$cur"))
}

complete -o bashdefault -o default -F _${program}_complete ${program}
`;
}

const names = (flags: readonly { readonly name: string }[]): string => flags.map(({ name }) => dashed(name)).join(' ');
