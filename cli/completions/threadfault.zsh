#compdef threadfault
# zsh completion for threadfault. The words come from the command itself, so that they are those of
# the installed version: threadfault completion zsh > "${fpath[1]}/_threadfault"

_threadfault() {
    setopt localoptions extendedglob
    local -a lines described
    local line word files=
    # "$pid" and $! stand for a process: the value tells which threads there are.
    local -a said=("${(@)words[2,CURRENT]}")
    local -i i
    for ((i = 1; i < $#said; i++)); do
        word=${said[i]//\"/}
        [[ $word == \$\{*\} ]] && word="\$${word[3,-2]}"
        if [[ $word == \$([[:IDENT:]]##|!) ]]; then
            word=${word#\$}
            said[i]=${(P)word}
        fi
    done
    lines=("${(@f)$(${words[1]} __complete "${(@)said}" 2>/dev/null)}")
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
