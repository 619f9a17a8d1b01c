// completion bash|zsh|fish: a script for the operator's own shell. It asks maglevc itself at every TAB, so
// that it knows live names and never falls behind the grammar.
import type { LocalCommand } from './command.ts';

export const completion: LocalCommand = {
  kind: 'local',
  line: 'completion bash|zsh|fish',
  help: 'print a completion script for your shell',
  wordHelp: {
    bash: 'eval "$(maglevc completion bash)"',
    zsh: 'eval "$(maglevc completion zsh)"',
    fish: 'maglevc completion fish | source',
  },
  async run({ given }) {
    if (given.has('zsh')) return zsh;
    return given.has('fish') ? fish : bash;
  },
};

/** The words in front of the cursor follow; answers are `word<TAB>help`, one a line. */
export const completeFlag = '--complete-words';

const bash = `# bash completion of maglevc: eval "$(maglevc completion bash)"
_maglevc() {
  local IFS=$'\\n' words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  # Addresses such as localhost:9090 come in pieces, because ":" breaks words.
  if declare -F _get_comp_words_by_ref >/dev/null; then
    local cword
    _get_comp_words_by_ref -n : -w words -i cword
    words=("\${words[@]:1:cword}")
  fi
  COMPREPLY=($("\${COMP_WORDS[0]}" ${completeFlag} "\${words[@]}" 2>/dev/null | cut -f1))
}
complete -F _maglevc maglevc
`;

const zsh = `#compdef maglevc
# zsh completion of maglevc: eval "$(maglevc completion zsh)"
_maglevc() {
  local line
  local -a found
  for line in "\${(@f)$("\${words[1]}" ${completeFlag} "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe maglevc found
}
compdef _maglevc maglevc
`;

const fish = `# fish completion of maglevc: maglevc completion fish | source
function __maglevc_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] ${completeFlag} $words[2..-1] 2>/dev/null
end
complete -c maglevc -f -a '(__maglevc_complete)'
`;
