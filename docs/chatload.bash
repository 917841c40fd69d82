# shellcheck shell=bash
# Bash completion for chatload(1).

_chatload() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local run='--type --site --since --until --rejects --max-rejects --summary --progress --progress-interval
    --log-format --threads --range-size --max-line --memory --inflater --config --help'
  local load="--to --password-file --on-duplicate --connections $run"
  local check="--limits-from --password-file $run"
  local schema='--to --password-file --config --help'
  local words=''

  COMPREPLY=()
  case $previous in
    --on-duplicate) words='skip replace fail' ;;
    --progress) words='auto bar lines none' ;;
    --log-format) words='text json' ;;
    --inflater) words='isal zlib' ;;
    --type) words='message status' ;;
    --password-file | --rejects | --summary | --config)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --to | --limits-from | --site | --since | --until | --max-rejects | --progress-interval | --threads | \
      --range-size | --max-line | --memory | --connections) return ;;
  esac
  if [[ -z $words ]]; then
    case ${COMP_WORDS[1]}:$COMP_CWORD in
      *:1) words='load check schema --help --version' ;;
      schema:2) words='print apply check --help' ;;
      load:*) words=$load ;;
      check:*) words=$check ;;
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
