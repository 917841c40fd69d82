# shellcheck shell=bash
# Bash completion for chatload(1). scripts/generate-docs wrote this file from --help.

_chatload() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local word command='' words='' files=''
  COMPREPLY=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$command $word" in
      ' load' | ' check' | ' schema' | 'schema print' | 'schema apply' | 'schema check' | ' loads' | 'loads forget' | ' rejects') command=${command:+$command }$word ;;
    esac
  done
  case $previous in
    --password-file) files=-f ;;
    --server-public-key-file) files=-f ;;
    --on-duplicate) words='skip replace fail' ;;
    --order) words='auto file key' ;;
    --spill-dir) files=-d ;;
    --indexes) words='auto keep defer' ;;
    --write-method) words='auto insert load-data' ;;
    --type) words='message status' ;;
    --rejects) files=-f ;;
    --summary) files=-f ;;
    --progress) words='auto bar lines none' ;;
    --log-format) words='text json' ;;
    --inflater) words='isal zlib' ;;
    --config) files=-f ;;
    --format) words='table json' ;;
    -o) files=-f ;;
    --output) files=-f ;;
    --to | \
      --connections | \
      --retry-for | \
      --max-load | \
      --max-lag | \
      --replica | \
      --source-id | \
      --wait-lock | \
      --site | \
      --since | \
      --until | \
      --max-rejects | \
      --progress-interval | \
      --threads | \
      --range-size | \
      --max-line | \
      --memory | \
      --limits-from | \
      --older-than) return ;;
    *)
      case $command in
        '') words='load check schema loads rejects --help --version' ;;
        'load') words='--to --password-file --server-public-key-file --get-server-public-key --on-duplicate --order --spill-dir --connections --indexes --write-method --retry-for --max-load --max-lag --replica --restart --reload --source-id --wait-lock --fail-fast --type --site --since --until --rejects --max-rejects --summary --progress --progress-interval --log-format --threads --range-size --max-line --memory --inflater --help --config' ;;
        'check') words='--limits-from --password-file --server-public-key-file --get-server-public-key --type --site --since --until --rejects --max-rejects --summary --progress --progress-interval --log-format --threads --range-size --max-line --memory --inflater --help --config' ;;
        'schema') words='print apply check --help' ;;
        'schema print') words='--help --config' ;;
        'schema apply') words='--to --password-file --server-public-key-file --get-server-public-key --help --config' ;;
        'schema check') words='--to --password-file --server-public-key-file --get-server-public-key --help --config' ;;
        'loads') words='forget --to --password-file --server-public-key-file --get-server-public-key --format --help --config' ;;
        'loads forget') words='--to --password-file --server-public-key-file --get-server-public-key --older-than --help --config' ;;
        'rejects') words='--to --password-file --server-public-key-file --get-server-public-key --raw --output --help --config' ;;
      esac
      case $command in load | check) [[ $current == -* ]] || files=-f ;; esac
      ;;
  esac
  if [[ -n $files ]]; then
    mapfile -t COMPREPLY < <(compgen "$files" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}

complete -o filenames -F _chatload chatload
