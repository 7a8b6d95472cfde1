#compdef threadfault
# zsh completion for threadfault. The words come from the command itself, so that they are those of
# the installed version: threadfault completion zsh > "${fpath[1]}/_threadfault"

_threadfault() {
    # What follows the program of `run` is completed as that program's own.
    if [[ ${words[2]} == run && $PREFIX != -* ]]; then
        local i=3
        while (( i < CURRENT )); do
            case ${words[i]} in
                --log | --shim | --color) (( i++ )) ;;
                --) (( i++ )); break ;;
                -*) ;;
                *) break ;;
            esac
            (( i++ ))
        done
        case ${words[CURRENT-1]} in
            --log | --shim) _files; return ;;
            --color) ;;
            *)
                shift $(( i - 1 )) words
                (( CURRENT -= i - 1 ))
                _normal
                return ;;
        esac
    fi

    local -a lines described
    local line word
    lines=("${(@f)$(${words[1]} __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    for line in $lines; do
        [[ -n $line ]] || continue
        word=${line%%$'\t'*}
        described+=("${word//:/\\:}:${line#*$'\t'}")
    done
    if (( ${#described} )); then
        _describe -V threadfault described -S ''
    else
        _files
    fi
}

if [[ ${funcstack[1]} == _threadfault ]]; then
    _threadfault "$@"
else
    compdef _threadfault threadfault
fi
