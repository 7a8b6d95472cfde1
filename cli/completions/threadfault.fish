# fish completion for threadfault. The words come from the command itself, so that they are those
# of the installed version: threadfault completion fish > ~/.config/fish/completions/threadfault.fish

function __threadfault_lines
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    command $words[1] __complete $words[2..-1] "$current" 2>/dev/null
end

# Lines with a colon are said to this script: files are meant, or another program.
function __threadfault_candidates
    __threadfault_lines | string match -v ':*'
end

function __threadfault_wants_files
    __threadfault_lines | string match -q ':*'
end

complete -c threadfault -f -a '(__threadfault_candidates)'
complete -c threadfault -n __threadfault_wants_files -F
