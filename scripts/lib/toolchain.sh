# The pinned Deno for this checkout: found or installed into .deno/, nothing outside is touched.
# Sourced by scripts/aether and scripts/test (POSIX sh), which set $root. Sets $deno and DENO_DIR.
# All messages go to stderr: stdout belongs to the program that is started.

toolchain_fail() {
  printf 'aether: %s\n' "$*" >&2
  exit 1
}

toolchain_version_of() {
  "$1" --version 2>/dev/null | sed -n '1s/^deno \([^ ]*\).*/\1/p'
}

# Takes the first program among the arguments that runs here and has the pinned version. The name
# carries the version and is never replaced, so that a first run beside this one loses nothing.
toolchain_keep() {
  for candidate in "$@"; do
    [ -f "$candidate" ] || continue
    chmod +x "$candidate"
    [ "$(toolchain_version_of "$candidate")" = "$deno_version" ] || continue
    mkdir -p "${deno%/*}"
    ln "$candidate" "$deno" 2>/dev/null || [ -x "$deno" ] || mv "$candidate" "$deno"
    return 0
  done
  return 1
}

toolchain_from_npm() {
  command -v npm >/dev/null 2>&1 || return 1
  printf 'Installing Deno %s into %s with npm\n' "$deno_version" "$root/.deno" >&2
  (
    cd "$work" && HOME="${HOME:-$work}" npm_config_cache="$work/npm-cache" \
      npm install --prefix "$work" --ignore-scripts --no-save --no-package-lock --no-audit \
      --no-fund --no-update-notifier --loglevel=error "deno@$deno_version" </dev/null >&2
  ) || return 1
  toolchain_keep "$work"/node_modules/@deno/*/deno
}

# CI=1 keeps the official installer from asking questions and from editing shell profiles.
toolchain_from_installer() {
  command -v curl >/dev/null 2>&1 || return 1
  printf 'Installing Deno %s into %s with its installer\n' "$deno_version" "$root/.deno" >&2
  curl -fsSL https://deno.land/install.sh -o "$work/install.sh" || return 1
  CI=1 HOME="$work" DENO_INSTALL="$work" sh "$work/install.sh" "v$deno_version" \
    </dev/null >&2 || return 1
  toolchain_keep "$work/bin/deno"
}

toolchain_install() {
  work=$root/.deno/install.$$
  mkdir -p "$work" || toolchain_fail "Cannot create $work: make the checkout writable"
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  if ! toolchain_from_npm && ! toolchain_from_installer; then
    toolchain_fail "Cannot install Deno $deno_version: it needs npm, or curl and the network." \
      "Install one of them, or put deno $deno_version on PATH"
  fi
  rm -rf "$work"
  trap - EXIT INT TERM
}

# The locked packages, fetched again only when deno.lock changed.
toolchain_packages() {
  stamp=$DENO_DIR/installed.lock
  cmp -s "$root/deno.lock" "$stamp" && return 0
  printf 'Fetching the locked packages into %s\n' "$DENO_DIR" >&2
  (cd "$root" && "$deno" install --quiet --frozen </dev/null >&2) ||
    toolchain_fail "Cannot fetch the locked packages: check the network and run this again;" \
      "if deno.json changed, run \`deno install\` with Deno $deno_version first"
  cp "$root/deno.lock" "$stamp.$$" && mv -f "$stamp.$$" "$stamp"
}

toolchain_prepare() {
  read -r deno_version <"$root/scripts/lib/deno_version.txt"
  deno=$root/.deno/$deno_version/deno
  if [ ! -x "$deno" ]; then
    if command -v deno >/dev/null 2>&1 && [ "$(toolchain_version_of deno)" = "$deno_version" ]; then
      deno=$(command -v deno)
    else
      toolchain_install
    fi
  fi
  export DENO_DIR="$root/.deno/cache"
  export DENO_NO_UPDATE_CHECK=1
  mkdir -p "$DENO_DIR"
  toolchain_packages
}
