#compdef threadfault
# zsh completion for threadfault. The words come from the command itself, so that they are those of
# the installed version: threadfault completion zsh > "${fpath[1]}/_threadfault"

_threadfault() {
    local -a lines described
    local line word files=
    lines=("${(@f)$(${words[1]} __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    for line in $lines; do
        [[ -n $line ]] || continue
        word=${line%%$'\t'*}
        case $word in
            # What follows the program of `run` is completed as that program's own.
            ':program '*)
                local begin=${word#:program }
                shift $begin words
                (( CURRENT -= begin ))
                _normal
                return ;;
            :files) files=1 ;;
            *) described+=("${word//:/\\:}:${line#*$'\t'}") ;;
        esac
    done
    if (( ${#described} )); then
        _describe -V threadfault described -S ''
    fi
    if [[ -n $files ]] || (( ! ${#described} )); then
        _files
    fi
}

if [[ ${funcstack[1]} == _threadfault ]]; then
    _threadfault "$@"
else
    compdef _threadfault threadfault
fi
