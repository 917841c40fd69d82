# shellcheck shell=bash
# Bash completion for chatload(1).

_chatload() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local run='--type --site --since --until --rejects --max-rejects --summary --progress --progress-interval
    --log-format --threads --range-size --max-line --memory --inflater --config --help'
  local login='--password-file --server-public-key-file --get-server-public-key'
  local load="--to $login --on-duplicate --order --spill-dir --indexes --write-method --connections --retry-for
    --max-load --max-lag --replica --restart --reload --source-id --wait-lock --fail-fast $run"
  local check="--limits-from $login $run"
  local schema="--to $login --config --help"
  local loads="--format $schema" forget="--older-than $schema" rejects="--raw --output $schema"
  local words=''

  COMPREPLY=()
  case $previous in
    --on-duplicate) words='skip replace fail' ;;
    --order) words='auto file key' ;;
    --indexes) words='auto keep defer' ;;
    --write-method) words='auto insert load-data' ;;
    --progress) words='auto bar lines none' ;;
    --log-format) words='text json' ;;
    --inflater) words='isal zlib' ;;
    --format) words='table json' ;;
    --type) words='message status' ;;
    --spill-dir)
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return
      ;;
    --password-file | --server-public-key-file | --rejects | --summary | --config | --output | -o)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --to | --limits-from | --site | --since | --until | --max-rejects | --progress-interval | --threads | \
      --range-size | --max-line | --memory | --connections | --retry-for | --max-load | --max-lag | --replica | \
      --source-id | --wait-lock | --older-than) return ;;
  esac
  if [[ -z $words ]]; then
    case ${COMP_WORDS[1]}:$COMP_CWORD in
      *:1) words='load check schema loads rejects --help --version' ;;
      schema:2) words='print apply check --help' ;;
      loads:2) words="forget $loads" ;;
      load:*) words=$load ;;
      check:*) words=$check ;;
      loads:*) [[ ${COMP_WORDS[2]} == forget ]] && words=$forget || words=$loads ;;
      rejects:*) words=$rejects ;;
      schema:*) [[ ${COMP_WORDS[2]} == print ]] && words='--config --help' || words=$schema ;;
    esac
    if [[ $current != -* && ${COMP_WORDS[1]} =~ ^(load|check)$ && $COMP_CWORD -gt 1 ]]; then
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
    fi
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -o filenames -F _chatload chatload
