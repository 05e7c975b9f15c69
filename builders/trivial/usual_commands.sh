# Commands that definitions use in extraInstallCommands, runAsRoot and their kin, and that busybox or the embedded set lack: install
# of coreutils, substituteInPlace of nixpkgs' stdenv. Sourced by bash before those commands.

install() {
  local mode=755 user="" group="" owner parents="" folders="" into="" plain="" letters letter value name destination
  local -a names=()
  while [ $# -gt 0 ]; do
    case "$1" in
      --) shift; names+=("$@"); break ;;
      --mode=*) mode=${1#*=} ;;
      --owner=*) user=${1#*=} ;;
      --group=*) group=${1#*=} ;;
      --target-directory=*) into=${1#*=} ;;
      --directory) folders=1 ;;
      --verbose | --preserve-timestamps) ;;
      --*) echo "install: the option $1 is not known here" >&2; return 1 ;;
      -?*)
        letters=${1#-}
        while [ -n "$letters" ]; do
          letter=${letters:0:1}
          letters=${letters:1}
          case "$letter" in
            D) parents=1 ;;
            d) folders=1 ;;
            T) plain=1 ;;
            c | p | s | v) ;;
            g | m | o | t)
              value=$letters
              letters=""
              if [ -z "$value" ]; then
                if [ $# -lt 2 ]; then echo "install: the option -$letter needs a value" >&2; return 1; fi
                shift
                value=$1
              fi
              case "$letter" in
                g) group=$value ;;
                m) mode=$value ;;
                o) user=$value ;;
                t) into=$value ;;
              esac
              ;;
            *) echo "install: the option -$letter is not known here" >&2; return 1 ;;
          esac
        done
        ;;
      *) names+=("$1") ;;
    esac
    shift
  done
  owner=$user${group:+:$group}
  if [ -n "$folders" ]; then
    for name in "${names[@]}"; do
      mkdir -p -- "$name" && _install_as "$owner" "$mode" "$name" || return 1
    done
    return
  fi
  if [ -z "$into" ]; then
    if [ ${#names[@]} -lt 2 ]; then echo "install: needs a file and where to put it" >&2; return 1; fi
    destination=${names[-1]}
    unset 'names[-1]'
    if [ -n "$parents" ]; then mkdir -p -- "$(dirname -- "$destination")" || return 1; fi
    if [ -n "$plain" ] || [ ! -d "$destination" ]; then
      if [ ${#names[@]} -gt 1 ]; then echo "install: '$destination' is not a folder" >&2; return 1; fi
      cp -Lf -- "${names[0]}" "$destination" && _install_as "$owner" "$mode" "$destination"
      return
    fi
    into=$destination
  elif [ -n "$parents" ]; then
    mkdir -p -- "$into" || return 1
  fi
  for name in "${names[@]}"; do
    destination="$into/$(basename -- "$name")"
    cp -Lf -- "$name" "$destination" && _install_as "$owner" "$mode" "$destination" || return 1
  done
}

# OWNER[:GROUP] or nothing, MODE, FILE: the owner first, since changing it takes setuid bits away
_install_as() {
  if [ -n "$1" ]; then chown "$1" -- "$3" || return 1; fi
  chmod "$2" -- "$3"
}

substituteInPlace() {
  local file content from to kind
  local -a files=()
  while [ $# -gt 0 ] && [ "${1#--}" = "$1" ]; do
    files+=("$1")
    shift
  done
  for file in "${files[@]}"; do
    if [ ! -f "$file" ]; then echo "substituteInPlace: '$file' does not exist" >&2; return 1; fi
    content=$(cat -- "$file"; printf x) || return 1
    content=${content%x}
    set -- "$@" --
    while [ "$1" != -- ]; do
      kind=$1
      case "$kind" in
        --replace | --replace-warn | --replace-fail | --replace-quiet) from=$2 to=$3 ;;
        --subst-var-by) from="@$2@" to=$3 ;;
        --subst-var) from="@$2@" to=${!2} ;;
        *) echo "substituteInPlace: the option '$kind' is not known" >&2; return 1 ;;
      esac
      case "$content" in
        *"$from"*) ;;
        *)
          if [ "$kind" = --replace-fail ]; then
            echo "substituteInPlace: '$file' does not contain '$from'" >&2
            return 1
          elif [ "$kind" = --replace ] || [ "$kind" = --replace-warn ]; then
            echo "substituteInPlace: warning: '$file' does not contain '$from'" >&2
          fi
          ;;
      esac
      content=${content//"$from"/"$to"}
      if [ "$kind" = --subst-var ]; then set -- "${@:3}" "${@:1:2}"; else set -- "${@:4}" "${@:1:3}"; fi
    done
    shift
    printf %s "$content" >"$file" || return 1
  done
}
