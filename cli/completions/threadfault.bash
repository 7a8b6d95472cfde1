# bash completion for threadfault. The words come from the command itself, so that they are those
# of the installed version: eval "$(threadfault completion bash)"

_threadfault() {
    # readline splits at = and :, the command does not: its words, and where each begins in COMP_WORDS.
    local rest=${COMP_LINE:0:COMP_POINT} words=() starts=() piece i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        piece=${COMP_WORDS[i]}
        if ((i == 0)) || [[ $rest == [[:space:]]* ]]; then
            words+=("")
            starts+=("$i")
        fi
        rest=${rest#"${rest%%[![:space:]]*}"}
        # The last one as far as the cursor.
        [[ $i -eq $COMP_CWORD || ${#piece} -gt ${#rest} ]] && piece=$rest
        rest=${rest:${#piece}}
        words[${#words[@]} - 1]+=$piece
    done
    # "$pid" and $! stand for a process: the value tells which threads there are.
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        piece=${words[i]//\"/}
        [[ $piece =~ ^\$\{?([A-Za-z_][A-Za-z_0-9]*|!)\}?$ ]] && words[i]=${!BASH_REMATCH[1]}
    done
    local cur=${words[${#words[@]} - 1]} candidates candidate
    COMPREPLY=()

    mapfile -t candidates < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
    for candidate in "${candidates[@]}"; do
        candidate=${candidate%%$'\t'*}
        case $candidate in
            # What follows the program of `run` is completed as that program's own.
            :program\ *)
                declare -F _command_offset >/dev/null &&
                    _command_offset "${starts[${candidate#:program }]}"
                return ;;
            :*) ;; # files: what readline offers where nothing else is
            *) COMPREPLY+=("$candidate") ;;
        esac
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
