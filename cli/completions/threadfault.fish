# fish completion for threadfault. The words come from the command itself, so that they are those
# of the installed version: threadfault completion fish > ~/.config/fish/completions/threadfault.fish

function __threadfault_candidates
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    command $words[1] __complete $words[2..-1] "$current" 2>/dev/null
end

function __threadfault_wants_files
    set -l words (commandline -opc)
    contains -- $words[-1] --log --shim; or begin
        set -q words[2]; and test $words[2] = run
    end
    or test "$words[2]" = doctor
end

complete -c threadfault -f -a '(__threadfault_candidates)'
complete -c threadfault -n __threadfault_wants_files -F
