# Completes nanobragg's command lines in bash, by what the program itself says fits.
_nanobragg() {
    local kind word meaning
    COMPREPLY=()
    {
        read -r kind
        while IFS=$'\t' read -r word meaning; do
            COMPREPLY+=("$word")
        done
    } < <("$1" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    if [ "$kind" = files ]; then
        local IFS=$'\n'
        # The bash of macOS has no compopt.
        compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "$2"))
    fi
}
complete -F _nanobragg nanobragg
