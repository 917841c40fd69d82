# shellcheck shell=bash
# Bash completion for chatload(1). scripts/generate-docs wrote this file from --help.

_chatload() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local word command='' words='' files=''
  COMPREPLY=()
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$command $word" in
      ' load' | ' check' | ' copy' | ' index' | ' guess' | ' schema' | 'schema print' | 'schema apply' | 'schema check' | ' loads' | 'loads forget' | 'loads release' | ' rejects' | ' report') command=${command:+$command }$word ;;
    esac
  done
  case $previous in
    --password-file) files=-f ;;
    --on-duplicate) words='skip replace fail' ;;
    --order) words='auto file key' ;;
    --spill-dir) files=-d ;;
    --indexes) words='auto keep defer' ;;
    --type) words='message status' ;;
    --rejects) files=-f ;;
    --summary) files=-f ;;
    --index-dir) files=-d ;;
    --ca-file) files=-f ;;
    --cache-dir) files=-d ;;
    --http-authorization) files=-f ;;
    --metrics) files=-f ;;
    --report) files=-f ;;
    --progress) words='auto bar lines none' ;;
    --log-format) words='text json' ;;
    --config) files=-f ;;
    --server-public-key-file) files=-f ;;
    --write-method) words='auto insert load-data' ;;
    --inflater) words='isal zlib' ;;
    -o) files=-f ;;
    --output) files=-f ;;
    --members) words='migz bgzf plain' ;;
    --format) words='table json' ;;
    --diff) files=-f ;;
    --to | \
      --connections | \
      --retry-for | \
      --max-load | \
      --max-lag | \
      --replica | \
      --source-id | \
      --mapping | \
      --records | \
      --site | \
      --only | \
      --since | \
      --until | \
      --max-rejects | \
      --threads | \
      --max-line | \
      --memory | \
      --wait-lock | \
      --share-size | \
      --lookup-store | \
      --progress-interval | \
      --range-size | \
      --limits-from | \
      --level | \
      --split | \
      --table | \
      --sample | \
      --older-than | \
      --source) return ;;
    *)
      case $command in
        '') words='load check copy index guess schema loads rejects report --help --version' ;;
        'load') words='--to --password-file --on-duplicate --order --spill-dir --connections --indexes --retry-for --max-load --max-lag --replica --restart --reload --allow-doubles --source-id --fail-fast --any-order --share --mapping --records --type --site --only --since --until --rejects --max-rejects --summary --index-dir --save-index --ca-file --cache-dir --http-authorization --no-sign-request --requester-pays --metrics --report --progress --log-format --threads --max-line --memory --help --config --server-public-key-file --get-server-public-key --write-method --wait-lock --share-size --lookup-store --progress-interval --range-size --inflater' ;;
        'check') words='--limits-from --password-file --mapping --records --type --site --only --since --until --duplicates --rejects --max-rejects --summary --index-dir --save-index --ca-file --cache-dir --http-authorization --no-sign-request --requester-pays --retry-for --progress --log-format --spill-dir --threads --max-line --memory --help --config --server-public-key-file --get-server-public-key --progress-interval --range-size --inflater' ;;
        'copy') words='--output --level --members --split --keep-rejected --mapping --records --type --site --only --since --until --rejects --max-rejects --summary --index-dir --save-index --ca-file --cache-dir --http-authorization --no-sign-request --requester-pays --retry-for --progress --log-format --threads --max-line --memory --help --config --progress-interval --range-size --inflater' ;;
        'index') words='--index-dir --show --format --ca-file --cache-dir --http-authorization --no-sign-request --requester-pays --retry-for --help --config' ;;
        'guess') words='--output --table --diff --records --ca-file --cache-dir --http-authorization --no-sign-request --requester-pays --retry-for --sample --max-line --memory --help --config' ;;
        'schema') words='print apply check --help' ;;
        'schema print') words='--limits-from --password-file --mapping --help --config --server-public-key-file --get-server-public-key' ;;
        'schema apply') words='--to --password-file --without-indexes --mapping --help --config --server-public-key-file --get-server-public-key' ;;
        'schema check') words='--to --password-file --mapping --help --config --server-public-key-file --get-server-public-key' ;;
        'loads') words='forget release --to --password-file --format --help --config --server-public-key-file --get-server-public-key' ;;
        'loads forget') words='--to --password-file --older-than --allow-doubles --help --config --server-public-key-file --get-server-public-key' ;;
        'loads release') words='--to --password-file --help --config --server-public-key-file --get-server-public-key' ;;
        'rejects') words='--to --password-file --source --raw --output --help --config --server-public-key-file --get-server-public-key' ;;
        'report') words='--to --password-file --output --help --config --server-public-key-file --get-server-public-key' ;;
      esac
      case $command in load | check | copy | index | guess) [[ $current == -* ]] || files=-f ;; esac
      ;;
  esac
  if [[ -n $files ]]; then
    mapfile -t COMPREPLY < <(compgen "$files" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}

complete -o filenames -F _chatload chatload
