export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A script that asks `program` (with its arguments) what the words on the line may become. */
export function completionScript(shell: Shell, program: readonly string[]): string {
  return SCRIPTS[shell](program.map(quoted).join(' '));
}

const SCRIPTS: Readonly<Record<Shell, (program: string) => string>> = {
  bash: (program) => `# claas: completion for bash
_claas_complete() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <(${program} complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _claas_complete claas`,

  zsh: (program) => `# claas: completion for zsh
_claas() {
  local line
  local -a values descriptions
  for line in "\${(@f)$(${program} complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    values+=("\${line%%$'\\t'*}")
    descriptions+=("\${line/$'\\t'/  -- }")
  done
  if (( $#values )); then compadd -l -d descriptions -a values; else _files; fi
}
compdef _claas claas`,

  fish: (program) => `# claas: completion for fish
function __claas_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found (${program} complete -- $words[2..-1] 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c claas -f -a '(__claas_complete)'`,
};

/** For all three shells. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
