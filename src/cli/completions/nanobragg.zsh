#compdef nanobragg
# Completes nanobragg's command lines in zsh, by what the program itself says fits.
_nanobragg() {
    local -a answer candidates
    answer=("${(@f)$("${(Q)words[1]}" __complete "${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
    case "$answer[1]" in
        files)
            compset -P '-*='
            _files
            ;;
        words)
            candidates=("${(@)answer[2,-1]}")
            # A colon parts word and meaning.
            candidates=("${(@)candidates//:/\\:}")
            candidates=("${(@)candidates/$'\t'/:}")
            candidates=("${(@)candidates%:}")
            _describe nanobragg candidates
            ;;
    esac
}
# As a file of fpath this is the function itself; read by source or eval, it has to be announced.
if [ "$funcstack[1]" = _nanobragg ]; then
    _nanobragg "$@"
else
    compdef _nanobragg nanobragg
fi
