# fish completion for threadfault. The words come from the command itself, so that they are those
# of the installed version: threadfault completion fish > ~/.config/fish/completions/threadfault.fish

function __threadfault_lines
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    # "$pid" stands for a process: the value tells which threads there are.
    set -l said
    for word in $words[2..-1]
        set -l name (string match -rg '^"?\$(\w+)"?$' -- $word)
        if test -n "$name"; and set -q $name
            set word $$name
        end
        set -a said $word
    end
    command $words[1] __complete $said "$current" 2>/dev/null
end

# Lines with a colon are for this script: a file name may follow, or another program's words.
function __threadfault_candidates
    __threadfault_lines | string match -v ':*'
end

function __threadfault_wants_files
    __threadfault_lines | string match -q ':*'
end

complete -c threadfault -f -a '(__threadfault_candidates)'
complete -c threadfault -n __threadfault_wants_files -F
