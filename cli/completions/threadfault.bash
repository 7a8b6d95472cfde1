# bash completion for threadfault. The words come from the command itself, so that they are those
# of the installed version: eval "$(threadfault completion bash)"

_threadfault() {
    local line=${COMP_LINE:0:COMP_POINT} words cur candidates candidate
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    cur=${words[-1]}
    COMPREPLY=()

    # What follows the program of `run` is completed as that program's own.
    if [[ ${words[1]-} == run && $cur != -* ]] && declare -F _command_offset >/dev/null; then
        local i
        for ((i = 2; i < COMP_CWORD; i++)); do
            case ${COMP_WORDS[i]} in
                --log | --shim | --color) ((i++)) ;;
                --) ((i++)); break ;;
                -*) ;;
                *) break ;;
            esac
        done
        case ${COMP_WORDS[COMP_CWORD - 1]} in
            --log | --shim | --color) ;;
            *) _command_offset "$i"; return ;;
        esac
    fi

    mapfile -t candidates < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
    for candidate in "${candidates[@]}"; do
        COMPREPLY+=("${candidate%%$'\t'*}")
    done
    # readline takes "name=" for a word of its own: only what stands behind it is replaced.
    if [[ $cur == *=* && $COMP_WORDBREAKS == *=* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*=}"}"}")
    fi
    # Something that goes on (name=, --shim=) gets no space.
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace 2>/dev/null
    fi
}

complete -o default -F _threadfault threadfault
