# Completes nanobragg's command lines in fish, by what the program itself says fits.
function __nanobragg_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor)
    set -l answer ($words[1] __complete $words[2..] "$current" 2>/dev/null)
    switch "$answer[1]"
        case files
            set -l flag (string match --regex -- '^-[^=]*=' "$current")
            for path in (__fish_complete_path (string replace -- "$flag" '' "$current"))
                echo "$flag$path"
            end
        case words
            printf '%s\n' $answer[2..]
    end
end
complete --command nanobragg --no-files --arguments '(__nanobragg_complete)'
